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

/// Long tests without a wait of their own give their thread back after every case: there are only as many as the machine has cores,
/// and tests beside these need turns to go on.
@Suite("Journal: crashes, damage and failing system calls")
struct JournalCrashTests {
  typealias Fault = SimulatedFiles.Fault

  /// A journal of several segments with deletes, one of them cleaned and one with a value longer than a segment, and what it
  /// holds.
  private func recorded(isClosed: Bool, commitCount: Int = 40) throws -> (files: SimulatedFiles, records: [Record]) {
    let files = SimulatedFiles()
    let store = try JournalUnderTest(files)
    for (step, batch) in Script(seed: 7, count: commitCount).batches.enumerated() {
      try store.commit([batch])
      guard step == commitCount - 12 else { continue }
      var large = Batch()
      large.put(Key("large"), (0..<1_500).map { UInt8(truncatingIfNeeded: $0) })
      try store.commit([large])
    }
    #expect(store.journal.current.number > 2)
    #expect(store.journal.front > 1, "a segment was given back")
    #expect(!store.journal.older.isEmpty)
    if isClosed { try store.close() }
    return (files, try store.records())
  }

  /// Opens damaged files: it must refuse and name a file, or hold exactly `records`. Answers with the refusal.
  private func refusal(
    _ files: SimulatedFiles, _ records: [Record], _ what: @autoclosure () -> String
  ) throws -> StoreError? {
    do {
      let found = try JournalUnderTest(files).records()
      #expect(found == records, "\(what())")
      return nil
    } catch let error as StoreError {
      #expect(error.code == .damaged, "\(what()): \(error)")
      #expect(error.message.hasPrefix(JournalUnderTest.folder + "/"), "\(what()): \(error)")
      return error
    }
  }

  /// The files whose content means something; of the reserve only its length does.
  private func meaningfulPaths(_ files: SimulatedFiles) -> [String] {
    files.paths.filter { !$0.hasSuffix("/tombolo.reserve") }
  }

  @Test(
    "Every prefix of every file opens with exactly the acknowledged state or is refused", arguments: [false, true],
    [40, 41, 42])
  func prefixes(isClosed: Bool, commitCount: Int) async throws {
    let (files, records) = try recorded(isClosed: isClosed, commitCount: commitCount)
    var count = 0
    var refusalCount = 0
    for path in files.paths {
      let bytes = try #require(files.bytes(path))
      let isMeaningful = meaningfulPaths(files).contains(path)
      for length in stride(from: 0, to: bytes.count, by: isMeaningful ? 1 : 100) {
        let cut = files.afterKill()
        cut.replace(path, with: Array(bytes[..<length]))
        count += 1
        if try refusal(cut, records, "\(path) cut to \(length) of \(bytes.count)") != nil { refusalCount += 1 }
        await Task.yield()
      }
    }
    print(
      "prefixes, closed \(isClosed), \(commitCount) commits: \(count) cases, \(refusalCount) refused, the others exact")
    #expect(count > 4_000 && refusalCount > 2_000)
  }

  @Test(
    "Every flipped byte of every file opens with exactly the acknowledged state, or is refused naming that file and a byte of it",
    arguments: [UInt8(0x01), 0x80, 0xFF], [false, true])
  func flips(mask: UInt8, isClosed: Bool) async throws {
    let (files, records) = try recorded(isClosed: isClosed)
    var count = 0
    var refusalCount = 0
    for path in meaningfulPaths(files) {
      let bytes = try #require(files.bytes(path))
      for index in bytes.indices {
        let flipped = files.afterKill()
        var changed = bytes
        changed[index] ^= mask
        flipped.replace(path, with: changed)
        count += 1
        await Task.yield()
        guard let refusal = try refusal(flipped, records, "\(path) byte \(index) of \(bytes.count)") else { continue }
        refusalCount += 1
        #expect(
          refusal.message.hasPrefix("\(path), byte ") || refusal.message.contains("has version"),
          "byte \(index): \(refusal)")
      }
    }
    print("flips, mask \(mask), closed \(isClosed): \(count) cases, \(refusalCount) refused, the others exact")
    #expect(count > 4_000 && refusalCount > 2_000)
  }

  @Test("Zeroes from any place to the end of any file, and a missing file, are no way to lose records")
  func zeroes() async throws {
    let (files, records) = try recorded(isClosed: false)
    var count = 0
    for path in files.paths {
      let bytes = try #require(files.bytes(path))
      let isMeaningful = meaningfulPaths(files).contains(path)
      for index in stride(from: 0, to: bytes.count, by: isMeaningful ? 1 : 100) {
        count += 1
        let zeroed = files.afterKill()
        zeroed.replace(path, with: bytes[..<index] + [UInt8](repeating: 0, count: bytes.count - index))
        _ = try refusal(zeroed, records, "\(path) zero from \(index)")
        await Task.yield()
      }
      let missing = files.afterKill()
      try missing.remove(path)
      _ = try refusal(missing, records, "\(path) missing")
    }
    print("zeroes and missing files: \(count) cases")
  }

  @Test(
    "A failure of any system call is told, loses nothing that was acknowledged and applies nothing that was refused",
    arguments: [
      Fault.error(EIO), .error(ENOSPC), .error(EINTR), .half(EIO), .half(ENOSPC), .short,
    ], StoreDurability.allCases)
  func everyCallFails(fault: Fault, durability: StoreDurability) async throws {
    var number = 1
    var failed: [String: Int] = [:]
    while true {
      let files = SimulatedFiles()
      files.fail(number, with: fault)
      var acknowledged: [Record] = []
      var possible: [[Record]] = [[]]
      try run(files, durability, &acknowledged, &possible)
      let isFaultMet = files.isFaultMet
      let found = try JournalUnderTest(files.afterKill(), durability: durability).records()
      #expect(
        possible.contains { values($0) == values(found) },
        "call \(number) of \(files.callCount), \(fault): \(files.lastCalls)")
      if durability == .full {
        var generator = SeededGenerator(seed: UInt64(number))
        for _ in 0..<4 {
          let cut = try JournalUnderTest(files.afterPowerCut(&generator)).records()
          #expect(
            possible.contains { values($0) == values(cut) },
            "power cut after call \(number), \(fault): \(files.lastCalls)")
        }
      }
      guard isFaultMet else { break }
      failed[String(files.lastCalls[0].prefix { $0 != " " }), default: 0] += 1
      number += 1
      await Task.yield()
    }
    let list = failed.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    print("\(fault), \(durability): the 1st to the \(number - 1)th call failed (\(list)), then a run was clean")
    #expect(number > 100)
    // Reading the length of a file never takes a room that may be missing, but everything else was met.
    #expect(failed.count >= 9)
  }

  /// Works on a store until something fails, and a little beyond. `possible` becomes what may be there afterwards.
  private func run(
    _ files: SimulatedFiles, _ durability: StoreDurability, _ acknowledged: inout [Record], _ possible: inout [[Record]]
  ) throws {
    var store: JournalUnderTest?
    if try storeError({ store = try JournalUnderTest(files, durability: durability) }) != nil {
      store = try JournalUnderTest(files.afterKill(), durability: durability)
      return
    }
    guard let store else { return }
    var isUnknown = false
    for batch in Script(seed: 3, count: 24).batches {
      if isUnknown {
        // What it would say now could turn out otherwise: it may be there when the store is opened again.
        #expect(try storeError { _ = try store.records() }?.code == .closed)
      }
      let before = isUnknown ? acknowledged : try readable(store, acknowledged)
      var result: [BatchResult] = []
      let error = try storeError { result = try store.commit([batch]) }
      if let error {
        let expected: [StoreError.Code] =
          isUnknown ? [.closed] : [.full, .engine, .inaccessible, .outcomeUnknown, .closed]
        #expect(expected.contains(error.code))
        if error.code == .outcomeUnknown, !isUnknown {
          isUnknown = true
          possible.append(applying(batch, to: before, nil))
        }
        continue
      }
      #expect(!isUnknown, "a store that does not know takes no more")
      acknowledged = applying(batch, to: before, try #require(result.first).get())
      possible = [acknowledged]
      #expect(try readable(store, acknowledged) == acknowledged)
    }
    _ = try storeError { try store.close() }
  }

  /// Keys and values: the revision of a commit that failed is not known.
  private func values(_ records: [Record]) -> [[UInt8]] { records.flatMap { [$0.key.bytes, $0.value] } }

  /// The records of the store; a read that fails is told and tried again.
  private func readable(_ store: JournalUnderTest, _ known: [Record]) throws -> [Record] {
    var records = known
    if try storeError({ records = try store.records() }) != nil { records = try store.records() }
    return records
  }

  /// What a batch makes of records. Without a revision it is the next the store would give.
  private func applying(_ batch: Batch, to records: [Record], _ revision: Revision?) -> [Record] {
    var map = Dictionary(records.map { ($0.key, $0) }, uniquingKeysWith: { $1 })
    let highest = records.map(\.revision.rawValue).max() ?? 1 << 40
    for mutation in batch.mutations {
      switch mutation {
      case .put(let key, let value):
        map[key] = Record(key: key, value: value, revision: revision ?? Revision(rawValue: highest + 1))
      case .delete(let key): map[key] = nil
      }
    }
    return map.values.sorted { $0.key < $1.key }
  }

  @Test("A batch that asks for less is not flushed, and one that asks for more carries those before it")
  func batchDurability() throws {
    let files = SimulatedFiles()
    let store = try JournalUnderTest(files)
    func flushes(_ durabilities: StoreDurability?...) throws -> Int {
      let before = files.count(of: "sync")
      try store.commit(durabilities.map { Batch(mutations: [.put(Key("a"), [1])], durability: $0) })
      return files.count(of: "sync") - before
    }
    #expect(try flushes(nil) == 1)
    #expect(try flushes(.normal) == 0)
    #expect(store.journal.durableByteCount < store.journal.current.byteCount)
    #expect(try flushes(.normal, .full) == 1)
    #expect(store.journal.durableByteCount == store.journal.current.byteCount)
    #expect(try flushes(StoreDurability.none) == 0)
    #expect(try flushes(nil) == 1)
  }

  @Test(
    "After a power cut a store holds every commit its durability promises, whole ones only, and none without those before it",
    arguments: StoreDurability.allCases, UInt64(1)...5)
  func powerCuts(durability: StoreDurability, seed: UInt64) async throws {
    let (lossCount, flushCount) = try await powerCuts(durability, seed, asking: [nil])
    switch durability {
    case .full:
      #expect(lossCount == 0)
      #expect(flushCount >= 60)
    case .normal, .none:
      #expect(lossCount > 20, "the simulated disk loses what was not flushed")
      #expect(flushCount < 50)
    }
  }

  @Test(
    "After a power cut a store holds every commit up to the last one that was to be flushed, where batches ask for levels of their own",
    arguments: StoreDurability.allCases, UInt64(1)...2)
  func powerCutsOfBatches(durability: StoreDurability, seed: UInt64) async throws {
    let (lossCount, _) = try await powerCuts(durability, seed, asking: [nil, .normal, .full])
    #expect(lossCount > 0, "the simulated disk loses what was not flushed")
  }

  /// Works with batches that ask for these levels in turn, and cuts the power after each; answers with how many cuts took commits,
  /// and how many flushes there were.
  private func powerCuts(
    _ durability: StoreDurability, _ seed: UInt64, asking levels: [StoreDurability?]
  ) async throws -> (lossCount: Int, flushCount: Int) {
    var generator = SeededGenerator(seed: seed)
    let files = SimulatedFiles()
    let store = try JournalUnderTest(files, durability: durability)
    var states: [[Record]] = [[]]
    var flushed = 0
    var lossCount = 0
    for (step, scripted) in Script(seed: seed, count: 60).batches.enumerated() {
      var batch = scripted
      batch.durability = levels[step % levels.count]
      try store.commit([batch])
      states.append(try store.records())
      #expect(try JournalUnderTest(files.afterKill()).records() == states.last, "a kill costs nothing at any level")
      let isFlushed = store.journal.durableByteCount == store.journal.current.byteCount
      // One that was refused, or changes nothing, asks for no flush.
      let isDue = [batch].durability(own: durability) == .full && states.last != states.dropLast().last
      if isDue || isFlushed { flushed = states.count - 1 }
      for _ in 0..<4 {
        let cut = files.afterPowerCut(&generator)
        let again = try JournalUnderTest(cut, durability: durability)
        let found = try again.records()
        #expect(
          states[flushed...].contains(found), "seed \(seed), after \(states.count - 1) commits, \(flushed) flushed")
        if found != states.last { lossCount += 1 }
        let revision = try #require(try again.commit([batch]).first).get()
        #expect(!states.joined().contains { $0.revision == revision }, "a revision was given twice, seed \(seed)")
      }
      await Task.yield()
    }
    print(
      "\(durability), seed \(seed): \(lossCount) of \(60 * 4) power cuts took commits; \(files.count(of: "sync")) flushes"
    )
    return (lossCount, files.count(of: "sync"))
  }

  @Test("A store killed and opened at any moment holds what was acknowledged, also while room is given back")
  func killsAtEveryCall() async throws {
    let script = Script(seed: 11, count: 60)
    var number = 1
    while true {
      let files = SimulatedFiles()
      let store = try JournalUnderTest(files)
      files.fail(number, with: .error(EIO))
      var acknowledged: [Record] = []
      var failed: Batch?
      for batch in script.batches where failed == nil {
        if try store.commitError([batch]) != nil {
          failed = batch
        } else {
          acknowledged = try readable(store, [])
        }
      }
      guard files.isFaultMet else { break }
      let copy = files.afterKill()
      let again = try JournalUnderTest(copy)
      let found = values(try again.records())
      // A commit that failed may be there, whole, or not.
      let withFailed = failed.map { applying($0, to: acknowledged, nil) } ?? acknowledged
      #expect([values(acknowledged), values(withFailed)].contains(found), "call \(number)")
      // It goes on as if nothing had been.
      for batch in script.batches { try again.commit([batch]) }
      let held = try again.records()
      #expect(try JournalUnderTest(copy.afterKill()).records() == held, "call \(number)")
      number += 1
      await Task.yield()
    }
    #expect(number > 100)
  }
}
