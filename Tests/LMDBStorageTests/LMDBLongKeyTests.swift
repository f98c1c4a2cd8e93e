import Foundation
import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import LMDBStorage

@Suite("LMDBStore with keys longer than LMDB takes")
struct LMDBLongKeyTests {
  @Test("Long and short keys keep their order, checks and values after any sequence of commits and openings")
  func likeMemory() async throws {
    // The same commits in every run; the nightly ones try others.
    let isNightly = ProcessInfo.processInfo.environment["TOMBOLO_NIGHTLY"] == "1"
    let seed = isNightly ? UInt64.random(in: .min ... .max) : 1
    var random = SeededGenerator(seed: seed)
    try await TemporaryFolder.with { folder in
      let twin = InMemoryStore()
      var store = try await LMDBStore(path: folder.path, durability: .none)
      // What each store answered for a key, to check against.
      var revisions: [Key: (ours: Revision, twins: Revision)] = [:]
      for round in 0..<150 {
        if round % 30 == 29 {
          try await store.close()
          store = try await LMDBStore(path: folder.path, durability: .none)
        }
        var ours = Batch()
        var twins = Batch()
        for _ in 0..<Int.random(in: 1...8, using: &random) {
          let key = Self.key(&random)
          if let known = revisions[key], Bool.random(using: &random) {
            ours.check(key, is: known.ours)
            twins.check(key, is: known.twins)
          }
          if Int.random(in: 0..<4, using: &random) == 0 {
            ours.delete(key)
            twins.delete(key)
          } else {
            let value = [UInt8](repeating: UInt8(round), count: Int.random(in: 0...3_000, using: &random))
            ours.put(key, value)
            twins.put(key, value)
          }
        }
        let our = try #require(try await store.commit([ours]).first).get()
        let theirs = try #require(try await twin.commit([twins]).first).get()
        for mutation in ours.mutations {
          switch mutation {
          case .put(let key, _): revisions[key] = (our, theirs)
          case .delete(let key): revisions[key] = nil
          }
        }
        let range = KeyRange(from: Self.key(&random), to: Bool.random(using: &random) ? Self.key(&random) : nil)
        let limit = Int.random(in: 1...20, using: &random)
        for reverse in [false, true] {
          let found = try await store.scan(range, reverse: reverse, limit: limit).map { [$0.key.bytes, $0.value] }
          let wanted = try await twin.scan(range, reverse: reverse, limit: limit).map { [$0.key.bytes, $0.value] }
          #expect(found == wanted, "seed \(seed), round \(round), reverse \(reverse)")
        }
      }
      let found = try await store.scan(.all, limit: .max).map { [$0.key.bytes, $0.value] }
      let wanted = try await twin.scan(.all, limit: .max).map { [$0.key.bytes, $0.value] }
      #expect(found == wanted, "seed \(seed)")
      let keys = Array(revisions.keys)
      #expect(try await store.get(keys).map { $0?.revision } == keys.map { revisions[$0]?.ours }, "seed \(seed)")
      try await store.close()
    }
  }

  @Test("Keys that come between two others again and again find a place, at either end too", arguments: [-1, 0, 1])
  func between(direction: Int) async throws {
    try await TemporaryFolder.with { folder in
      let store = try await LMDBStore(path: folder.path, durability: .none)
      let stem = [UInt8](repeating: 0x61, count: 600)
      // 0: each between the last two; 1: each after the last; -1: each before the first.
      var keys: [Key] = []
      var middle = Key(stem)
      for index in 0..<300 {
        switch direction {
        case 0:
          keys.append(Key(middle.bytes + [UInt8(index % 2 == 0 ? 0x80 : 0x10)]))
          if index % 2 == 1 { middle.bytes.append(0x40) }
        default: keys.append(Key(stem + [0, UInt8((150 + direction * (index / 2)) & 0xFF), UInt8(index % 2)]))
        }
      }
      for key in keys { try await store.commit { $0.put(key, [1]) } }
      let sorted = Set(keys).sorted()
      #expect(try await store.scan(.all, limit: .max).map(\.key) == sorted)
      #expect(try await store.scan(.all, reverse: true, limit: .max).map(\.key) == sorted.reversed())
      try await store.close()
    }
  }

  @Test("A label is free, between its neighbours, and far from them at either end")
  func labels() {
    #expect(LMDBLongKeys.label(previous: nil, next: nil) == 1 << 63)
    #expect(LMDBLongKeys.label(previous: 5, next: 6) == nil)
    #expect(LMDBLongKeys.label(previous: 5, next: 7) == 6)
    #expect(LMDBLongKeys.label(previous: .max, next: nil) == nil)
    #expect(LMDBLongKeys.label(previous: .max - 1, next: nil) == .max)
    #expect(LMDBLongKeys.label(previous: nil, next: 0) == nil)
    #expect(LMDBLongKeys.label(previous: nil, next: 1) == 0)
    #expect(LMDBLongKeys.label(previous: 1 << 63, next: nil) == 1 << 63 + 1 << 32)
  }

  /// Keys that share their first bytes up to about where a stem ends, in all lengths around it.
  private static func key(_ random: inout SeededGenerator) -> Key {
    let count = [0, 1, 501, 502, 503, 504, 511, 512, 1_024].randomElement(using: &random) ?? 0
    var bytes = [UInt8](repeating: 0x61, count: count)
    for _ in 0..<2 where !bytes.isEmpty {
      let offset = max(0, bytes.count - 1 - Int.random(in: 0..<4, using: &random))
      bytes[offset] = [0, 0x60, 0x61, 0x62, 0xFF].randomElement(using: &random) ?? 0
    }
    return Key(bytes)
  }
}
