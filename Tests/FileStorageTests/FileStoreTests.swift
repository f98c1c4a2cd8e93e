import Foundation
import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import FileStorage

@Suite("FileStore")
struct FileStoreTests {
  @Test("It answers every script like the store in memory, also when it is opened again", arguments: UInt64(1)...4)
  func model(seed: UInt64) async throws {
    try await TemporaryFolder.with { folder in
      var generator = SeededGenerator(seed: seed)
      let memory = InMemoryStore()
      func opened() async throws -> FileStore {
        try await FileStore(
          path: folder.path, durability: .none, options: JournalUnderTest.small, files: SystemFiles(), isLocking: true)
      }
      var store = try await opened()
      for (step, batch) in Script(seed: seed, count: 300).batches.enumerated() {
        var mine = batch
        var theirs = batch
        if let mutation = batch.mutations.first, Bool.random(using: &generator) {
          mine.checks = [Check(key: mutation.key, expected: try await store.get(mutation.key)?.revision)]
          theirs.checks = [Check(key: mutation.key, expected: try await memory.get(mutation.key)?.revision)]
        } else if let mutation = batch.mutations.first, Bool.random(using: &generator) {
          mine.checkAbsent(mutation.key)
          theirs.checkAbsent(mutation.key)
        }
        // A batch that is alone is judged without notes of what those before it did.
        let more = Bool.random(using: &generator) ? [batch] : []
        let left = try await store.commit([mine] + more).map(Self.isCommitted)
        let right = try await memory.commit([theirs] + more).map(Self.isCommitted)
        #expect(left == right, "seed \(seed), step \(step)")
        if step % 40 == 39 {
          try await store.close()
          store = try await opened()
        }
        let reverse = Bool.random(using: &generator)
        let range = KeyRange(from: Key("key/1"), to: reverse ? nil : Key("key/7"))
        let found = try await store.scan(range, reverse: reverse, limit: 7)
        let wanted = try await memory.scan(range, reverse: reverse, limit: 7)
        #expect(found.map(\.key) == wanted.map(\.key), "seed \(seed), step \(step)")
        #expect(found.map(\.value) == wanted.map(\.value), "seed \(seed), step \(step)")
      }
      try await store.close()
    }
  }

  @Test("Within a batch that is alone the last change of a key counts, whether it was there before or not")
  func oneBatch() async throws {
    try await TemporaryFolder.with { folder in
      let store = try await FileStore(path: folder.path, durability: .none)
      try await store.commit { $0.put(Key("old"), [1]) }
      var batch = Batch()
      batch.put(Key("passing"), [1])
      batch.put(Key("back"), [1])
      batch.delete(Key("passing"))
      batch.delete(Key("never"))
      batch.delete(Key("old"))
      batch.delete(Key("old"))
      batch.delete(Key("back"))
      batch.put(Key("back"), [2])
      _ = try await store.commit([batch])
      func records() async throws -> [Key: [UInt8]] {
        try await store.scan(.all, limit: 9).reduce(into: [:]) { $0[$1.key] = $1.value }
      }
      #expect(try await records() == [Key("back"): [2]])
      try await store.close()
      let again = try await FileStore(path: folder.path, durability: .none)
      #expect(try await again.scan(.all, limit: 9).map(\.key) == [Key("back")])
      try await again.close()
    }
  }

  private static func isCommitted(_ result: BatchResult) -> Bool {
    if case .committed = result { true } else { false }
  }

  @Test("A newer version and a flipped byte are refused with a reason")
  func refusals() async throws {
    try await TemporaryFolder.with { folder in
      let store = try await FileStore(path: folder.path)
      var batch = Batch()
      batch.put(Key("a"), [1, 2, 3])
      _ = try await store.commit([batch])
      try await store.close()
      let segment = JournalLocation(folder: folder.path).segment(1)
      let bytes = try folder.bytes(of: segment)
      var newer = bytes
      newer[8] = 2
      try folder.write(newer, to: segment)
      let version = await #expect(throws: StoreError.self) { try await FileStore(path: folder.path) }
      #expect(version?.code == .damaged)
      #expect(version?.message.contains("version 2") == true)
      var flipped = bytes
      flipped[SegmentHeader.byteCount + 60] ^= 1
      try folder.write(flipped, to: segment)
      let damage = await #expect(throws: StoreError.self) { try await FileStore(path: folder.path) }
      #expect(damage?.code == .damaged)
      #expect(damage?.message.contains("\(segment), byte ") == true)
    }
  }

  @Test("Every prefix and every flipped bit of the note of the engine is refused, naming it")
  func engineNote() async throws {
    try await TemporaryFolder.with { folder in
      try await FileStore(path: folder.path).close()
      let path = "\(folder.path)/tombolo.engine"
      let bytes = try folder.bytes(of: path)
      var damaged = (0..<bytes.count - 1).map { Array(bytes[..<$0]) }
      for index in bytes.indices {
        for bit in 0..<8 {
          damaged.append(bytes)
          damaged[damaged.count - 1][index] ^= 1 << bit
        }
      }
      for content in damaged {
        try folder.write(content, to: path)
        let error = await #expect(throws: StoreError.self) { try await FileStore(path: folder.path) }
        #expect(error?.message.contains(folder.path) == true)
      }
      try folder.write(bytes, to: path)
      try await FileStore(path: folder.path).close()
    }
  }

  @Test("A cancelled task gets CancellationError and nothing is written")
  func cancellation() async throws {
    try await TemporaryFolder.with { folder in
      let store = try await FileStore(path: folder.path)
      await withTaskGroup(of: Void.self) { group in
        group.cancelAll()
        group.addTask {
          var batch = Batch()
          batch.put(Key("a"), [1])
          await #expect(throws: CancellationError.self) { try await store.commit([batch]) }
          await #expect(throws: CancellationError.self) { try await store.get(Key("a")) }
        }
      }
      #expect(try await store.get(Key("a")) == nil)
      try await store.close()
    }
  }

  @Test("Room is given back beside the work, while readers read")
  func givesRoomBack() async throws {
    try await TemporaryFolder.with { folder in
      var options = FileStoreOptions()
      options.segmentByteCount = 256 * 1_024
      options.reserveByteCount = 512 * 1_024
      options.roomByteCount = 64 * 1_024
      let store = try await FileStore(
        path: folder.path, durability: .none, options: options, files: SystemFiles(), isLocking: true)
      func byteCount() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).reduce(0) { sum, name in
          guard name.hasPrefix("journal-") else { return sum }
          let attributes = try FileManager.default.attributesOfItem(atPath: "\(folder.path)/\(name)")
          return sum + (attributes[.size] as? Int ?? 0)
        }
      }
      for start in stride(from: 0, to: 3_000, by: 100) {
        var batch = Batch()
        for number in start..<start + 100 {
          batch.put(Key("\(number)"), [UInt8](repeating: UInt8(number % 251), count: 1_000))
        }
        _ = try await store.commit([batch])
      }
      let full = try byteCount()
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          for start in stride(from: 0, to: 3_000, by: 10) {
            var batch = Batch()
            for number in start..<start + 10 where number % 10 != 0 { batch.delete(Key("\(number)")) }
            _ = try await store.commit([batch])
          }
        }
        for reader in 0..<3 {
          group.addTask {
            for round in 0..<100 {
              let number = (round * 10 + reader * 1_000) / 10 * 10
              let value = try await store.get(Key("\(number)"))?.value
              #expect(value == [UInt8](repeating: UInt8(number % 251), count: 1_000))
              for record in try await store.scan(.all, limit: 50) {
                let number = Int(String(decoding: record.key.bytes, as: UTF8.self)) ?? -1
                #expect(record.value == [UInt8](repeating: UInt8(number % 251), count: 1_000))
              }
            }
          }
        }
        try await group.waitForAll()
      }
      #expect(try byteCount() < full / 2)
      try await store.close()
      let left = try byteCount()
      #expect(left < full / 3, "\(left) of \(full)")
      let again = try await FileStore(path: folder.path)
      #expect(try await again.scan(.all, limit: 9_999).count == 300)
      try await again.close()
    }
  }

  @Test(
    "On a full disk what grows is refused as full, settling goes on, and its room is enough to empty the store",
    arguments: [4, 16])
  func fullDisk(diskMebibyteCount: Int) async throws {
    try await TemporaryFolder.with { folder in
      guard mount("tmpfs", folder.path, "tmpfs", 0, "size=\(diskMebibyteCount)m") == 0 else {
        Issue.record("mounting failed with errno \(errno): run the tests as root, as Tools/test does in CI")
        return
      }
      defer { umount2(folder.path, 2) }
      var store = try await FileStore(path: folder.path)
      var counts: [Int] = []
      for _ in 0..<2 {
        var count = 0
        let error = await #expect(throws: StoreError.self) {
          while count < 100_000 {
            var batch = Batch()
            batch.put(Key("key \(count)"), [UInt8](repeating: 7, count: 10_000))
            _ = try await store.commit([batch])
            count += 1
          }
        }
        #expect(error?.code == .full)
        #expect(error?.message.contains("no room") == true)
        counts.append(count)
        try await store.close()
        store = try await FileStore(path: folder.path)
        #expect(try await store.scan(.all, limit: .max).count { $0.key != Key("settled") } == count)
        // The newest first: what is old stays, and must be moved.
        for number in (0..<count).reversed() {
          var batch = Batch()
          batch.put(Key("settled"), Array("\(number)".utf8))
          batch.delete(Key("key \(number)"))
          _ = try await store.commit([batch])
        }
        #expect(try await store.scan(.all, limit: 9).count == 1)
      }
      #expect(counts[0] > diskMebibyteCount * 60)
      #expect(counts[1] >= counts[0] * 9 / 10, "\(counts)")
      try await store.close()
    }
  }
}
