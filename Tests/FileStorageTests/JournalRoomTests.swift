import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import FileStorage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

@Suite("Journal: a disk without room")
struct JournalRoomTests {
  enum Order: String, CaseIterable {
    case oldestFirst, newestFirst, random
  }

  /// A disk for which the reserve is an eighth, and a segment a sixteenth.
  private func smallDisk(kibibyteCount: Int = 512) -> SimulatedFiles {
    let files = SimulatedFiles()
    files.limitDisk(to: kibibyteCount * 1_024)
    return files
  }

  private func opened(_ files: SimulatedFiles) throws -> JournalUnderTest {
    try JournalUnderTest(files, options: FileStoreOptions())
  }

  /// Adds records until there is no room; answers with what was added.
  private func fill(_ store: JournalUnderTest, from first: Int, valueByteCount: Int) async throws -> [Key] {
    var keys: [Key] = []
    while true {
      let key = Key("record \(first + keys.count)")
      var batch = Batch()
      batch.put(key, [UInt8](repeating: UInt8(keys.count % 251), count: valueByteCount))
      guard let error = try storeError({ try store.commit([batch]) }) else {
        keys.append(key)
        // Other tests want the thread, too.
        if keys.count.isMultiple(of: 20) { await Task.yield() }
        continue
      }
      #expect(error.code == .full)
      return keys
    }
  }

  @Test(
    "On a full disk everything can be settled, in any order and again and again, and then there is room as before",
    arguments: Order.allCases, [20, 900])
  func settling(order: Order, noteByteCount: Int) async throws {
    var generator = SeededGenerator(seed: 5)
    let files = smallDisk(kibibyteCount: 192)
    var store = try opened(files)
    var counts: [Int] = []
    for round in 0..<2 {
      var keys = try await fill(store, from: round * 100_000, valueByteCount: 200)
      counts.append(keys.count)
      switch order {
      case .oldestFirst: break
      case .newestFirst: keys.reverse()
      case .random: keys.shuffle(using: &generator)
      }
      for (step, key) in keys.enumerated() {
        var batch = Batch()
        batch.delete(key)
        batch.put(Key("note"), [UInt8](repeating: 9, count: noteByteCount))
        let error = try store.commitError([batch])
        #expect(error == nil, "\(order), round \(round), step \(step) of \(keys.count): \(files.usedByteCount) used")
        if error != nil { return }
        // Gives its thread back: there are only as many as the machine has cores, and tests beside this one need turns to go on.
        await Task.yield()
        if step % 101 == 100 {
          // What is full stays full over a kill, and goes on being settled.
          store = try opened(files)
          #expect(try store.records().count == keys.count - step)
        }
      }
      #expect(try store.records().map(\.key) == [Key("note")])
    }
    #expect(counts[0] > 400)
    #expect(counts[1] >= counts[0] * 9 / 10, "\(counts)")
  }

  @Test("A commit that adds makes its room itself when one commit settled everything at once")
  func recovery() async throws {
    let files = smallDisk()
    let store = try opened(files)
    let keys = try await fill(store, from: 0, valueByteCount: 200)
    var batch = Batch()
    for key in keys.dropLast(keys.count / 10) { batch.delete(key) }
    try store.commit([batch])
    let further = try await fill(store, from: 100_000, valueByteCount: 200)
    #expect(further.count > keys.count * 8 / 10)
    let last = try #require(keys.last)
    #expect(try store.records().contains { $0.key == last })
  }

  @Test("A full disk is refused as full at once when nothing can be gained, and nothing is written for it")
  func refusal() async throws {
    let files = smallDisk()
    let store = try opened(files)
    _ = try await fill(store, from: 0, valueByteCount: 200)
    let end = store.journal.byteCount
    for _ in 0..<50 {
      var batch = Batch()
      batch.put(Key("more"), [UInt8](repeating: 1, count: 20_000))
      #expect(try storeError { try store.commit([batch]) }?.code == .full)
    }
    #expect(store.journal.byteCount <= end + 64 * 1_024)
    #expect(store.journal.index.entry(Key("more")) == nil)
  }

  @Test(
    "A failure of any system call on a full disk is told, loses nothing, and leaves a store that can be settled",
    arguments: [SimulatedFiles.Fault.error(EIO), .error(ENOSPC), .error(EINTR), .half(ENOSPC), .short])
  func everyCallFails(fault: SimulatedFiles.Fault) async throws {
    var number = 1
    var count = 0
    while true {
      let files = smallDisk(kibibyteCount: 128)
      let store = try opened(files)
      var left = try await fill(store, from: 0, valueByteCount: 400)
      files.fail(number, with: fault)
      var doubtful: Key?
      var failureCount = 0
      while doubtful == nil, store.journal.defect == nil, let key = left.popLast() {
        guard let error = try store.commitError([Self.settlement(of: key)]) else { continue }
        #expect(
          [.full, .engine, .inaccessible, .outcomeUnknown, .closed].contains(error.code), "call \(number): \(error)")
        if error.code == .outcomeUnknown { doubtful = key } else { left.append(key) }
        failureCount += 1
        guard files.isFaultMet, failureCount < 3 else {
          Issue.record("settling is refused, call \(number), \(files.lastCalls): \(error)")
          return
        }
      }
      let again = try opened(files.afterKill())
      let found = Set(try again.records().map(\.key)).subtracting([Key("note")])
      #expect(found == Set(left) || found == Set(left + [doubtful].compactMap(\.self)), "call \(number), \(fault)")
      for key in found.sorted() { try again.commit([Self.settlement(of: key)]) }
      #expect(try again.records().map(\.key) == [Key("note")])
      guard files.isFaultMet else { break }
      count += 1
      // The first ones meet the disk when it has just become full, and the later ones are much alike.
      number += count < 60 ? 1 : 11
      await Task.yield()
    }
    print(
      "on a full disk, \(fault): \(count) calls failed, one a run, up to the \(number - 11)th; then a run was clean")
    #expect(count > 80)
  }

  private static func settlement(of key: Key) -> Batch {
    var batch = Batch()
    batch.delete(key)
    batch.put(Key("note"), [UInt8](repeating: 9, count: 20))
    return batch
  }

  @Test("The reserve grows with the data and with large values, and is no more than its share of a small disk")
  func size() throws {
    let files = smallDisk()
    let store = try opened(files)
    #expect(store.journal.options.reserveByteCount == 64 * 1_024)
    #expect(files.bytes(JournalLocation(folder: JournalUnderTest.folder).reserve)?.count == 64 * 1_024)
    var batch = Batch()
    batch.put(Key("large"), [UInt8](repeating: 1, count: 100_000))
    try store.commit([batch])
    #expect(store.journal.reserve.heldByteCount > 100_000)
    var settle = Batch()
    settle.delete(Key("large"))
    try store.commit([settle])
    try store.close()
    let again = try opened(files.afterKill())
    #expect(again.journal.reserve.heldByteCount == 64 * 1_024, "its segment is gone")
  }
}
