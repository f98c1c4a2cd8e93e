import Foundation
import Testing
import TomboloPorts
import TomboloTesting

@testable import LMDBStorage

/// What is put behind all others.
@Suite("LMDB's end of the table")
struct LMDBEndTests {
  private static func key(_ number: Int) -> Key {
    Key([1] + withUnsafeBytes(of: UInt32(number).bigEndian) { Array($0) })
  }
  private static let counts = Key([2])

  @Test("Records that ascend in front of one that each commit puts again fill their pages")
  func filled() async throws {
    try await TemporaryFolder.with { folder in
      let store = try await LMDBStore(path: folder.path)
      let value = [UInt8](repeating: 7, count: 300)
      for first in stride(from: 0, to: 2_000, by: 20) {
        try await store.commit { batch in
          for number in first..<first + 20 { batch.put(Self.key(number), value) }
          batch.put(Self.counts, [UInt8(first / 20)])
        }
      }
      #expect(try await store.scan(.all, limit: .max).count == 2_001)
      try await store.close()
      // Of its pages half would be empty otherwise; some more are free, or none of the records'.
      #expect(folder.byteCount(of: folder.database) < 2_000 * 300 * 4 / 3 + 16 * Int(getpagesize()))
    }
  }

  @Test("Where there is no room for all that a commit puts, the record behind it stays as it was")
  func full() async throws {
    try await TemporaryFolder.with { folder in
      let store = try await LMDBStore(
        path: folder.path, durability: .none, mapByteCount: 1 << 20, byteCountMaximum: 2 << 20)
      func fill(_ first: Int) async throws {
        try await store.commit { batch in
          for number in first..<first + 20 { batch.put(Self.key(number), [UInt8](repeating: 7, count: 5_000)) }
          batch.put(Self.counts, [1])
        }
      }
      var count = 0
      let error = await #expect(throws: StoreError.self) {
        while count < 100_000 {
          try await fill(count)
          count += 20
        }
      }
      #expect(error?.code == .full && count > 0)
      let counts = try #require(try await store.get([Self.counts]).first ?? nil)
      #expect(try await store.scan(.all, limit: .max).count == count + 1)
      await #expect(throws: StoreError.self) { try await fill(count) }
      #expect(try await store.get([Self.counts]).first == counts)
      try await store.close()
    }
  }

  @Test(
    "Whatever a commit puts and deletes, and whatever lies behind it, the store has what a dictionary has",
    arguments: 0..<8)
  func likeADictionary(variant: Int) async throws {
    let seed = UInt64.random(in: 1 ... .max)
    var generator = SeededGenerator(seed: seed)
    func random(below bound: Int) -> Int { Int.random(in: 0..<bound, using: &generator) }
    try await TemporaryFolder.with { folder in
      // Without a flush for each of them.
      var store = try await LMDBStore(path: folder.path, durability: .none, mapByteCount: 1 << 20)
      var model: [Key: Record] = [:]
      var next = 0
      for round in 0..<300 {
        var batches: [Batch] = []
        for _ in 0..<1 + random(below: 3) {
          var batch = Batch()
          for _ in 0..<random(below: 12) {
            switch random(below: 12) {
            case 0: batch.delete(Self.key(random(below: next + 1)))
            case 1: batch.put(Self.key(random(below: next + 1)), [UInt8(round % 256)])
            case 2 where variant % 2 == 1: batch.put(Key([3, UInt8(random(below: 4))]), [UInt8(round % 256)])
            case 3 where variant % 2 == 1: batch.delete(Key([3, UInt8(random(below: 4))]))
            case 4 where variant % 4 > 1: batch.put(Key([UInt8](repeating: 2, count: 600 + random(below: 3))), [1])
            case 5 where variant > 3: batch.put(Self.counts, [0])
            case 6 where variant > 3: batch.delete(Self.counts)
            default:
              batch.put(Self.key(next), [UInt8](repeating: UInt8(round % 256), count: random(below: 400)))
              next += 1
            }
          }
          if random(below: 4) > 0 { batch.put(Self.counts, [UInt8(round % 256)]) }
          // One that is refused leaves nothing.
          if random(below: 8) == 0 { batch.checks = [Check(key: Key([9]), expected: Revision(rawValue: 1))] }
          batches.append(batch)
        }
        for (batch, result) in zip(batches, try await store.commit(batches)) {
          guard case .committed(let revision) = result else {
            #expect(!batch.checks.isEmpty, "seed \(seed)")
            continue
          }
          #expect(batch.checks.isEmpty, "seed \(seed)")
          for mutation in batch.mutations {
            switch mutation {
            case .put(let key, let value): model[key] = Record(key: key, value: value, revision: revision)
            case .delete(let key): model[key] = nil
            }
          }
        }
        if round % 100 == 0 {
          try await store.close()
          store = try await LMDBStore(path: folder.path, durability: .none, mapByteCount: 1 << 20)
        }
        guard round % 20 == 0 else { continue }
        #expect(try await store.scan(.all, limit: .max) == model.values.sorted { $0.key < $1.key }, "seed \(seed)")
      }
      try await store.close()
    }
  }
}
