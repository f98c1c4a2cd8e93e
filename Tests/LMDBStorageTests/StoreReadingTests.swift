import Testing
import TomboloPorts

@Suite("Contract of KeyValueStore: reading")
struct StoreReadingTests {
  /// Keys that tempt an engine to order them by something else than unsigned bytes.
  private static let keys = [[], [0], [0, 0], [1], [0x7F], [0x80], [0xFE, 0xFF], [0xFF], [0xFF, 0], [0xFF, 0xFF]]
    .map { Key($0) }

  private func filled(_ store: any KeyValueStore) async throws {
    try await store.commit { batch in
      for key in Self.keys.reversed() { batch.put(key, key.bytes) }
    }
  }

  @Test(
    "Keys come in the order of their unsigned bytes, a shorter one before a longer one",
    arguments: StoreUnderTest.allCases)
  func order(_ kind: StoreUnderTest) async throws {
    try await kind.withStore { store in
      try await filled(store)
      #expect(try await store.scan(.all, limit: 99).map(\.key) == Self.keys)
      #expect(try await store.scan(.all, reverse: true, limit: 99).map(\.key) == Self.keys.reversed())
      #expect(try await store.get(Self.keys).map { $0?.value } == Self.keys.map(\.bytes))
    }
  }

  @Test(
    "A scan gives what its range contains, for every pair of bounds, both orders and every limit",
    arguments: StoreUnderTest.allCases)
  func ranges(_ kind: StoreUnderTest) async throws {
    try await kind.withStore { store in
      try await filled(store)
      let bounds = Self.keys + [Key([0, 1]), Key([0x90]), Key([0xFF, 0xFF, 0xFF])]
      for lower in bounds {
        for upper in bounds.map({ Optional($0) }) + [nil] {
          let range = KeyRange(from: lower, to: upper)
          let inside = Self.keys.filter { range.contains($0) }
          for limit in [1, 3, 99] {
            let forward = try await store.scan(range, reverse: false, limit: limit).map(\.key)
            #expect(forward == Array(inside.prefix(limit)), "\(range)")
            let backward = try await store.scan(range, reverse: true, limit: limit).map(\.key)
            #expect(backward == Array(inside.reversed().prefix(limit)), "\(range)")
          }
        }
      }
    }
  }

  @Test("A prefix of 0xFF bytes, which has no end, finds what begins with it", arguments: StoreUnderTest.allCases)
  func prefixWithoutEnd(_ kind: StoreUnderTest) async throws {
    try await kind.withStore { store in
      try await filled(store)
      let found = try await store.scan(.prefix(Key([0xFF])), limit: 99).map(\.key.bytes)
      #expect(found == [[0xFF], [0xFF, 0], [0xFF, 0xFF]])
      #expect(try await store.scan(.prefix(Key([0xFE])), limit: 99).map(\.key.bytes) == [[0xFE, 0xFF]])
    }
  }

  @Test("A limit of zero or less, and an empty range, give nothing", arguments: StoreUnderTest.allCases)
  func nothing(_ kind: StoreUnderTest) async throws {
    try await kind.withStore { store in
      try await filled(store)
      #expect(try await store.scan(.all, limit: 0).isEmpty)
      #expect(try await store.scan(.all, limit: -1).isEmpty)
      #expect(try await store.scan(.all, limit: .max).count == Self.keys.count)
      #expect(try await store.scan(KeyRange(from: Key([1]), to: Key([1])), limit: 9).isEmpty)
      #expect(try await store.scan(KeyRange(from: Key([2]), to: Key([1])), reverse: true, limit: 9).isEmpty)
    }
  }

  @Test("get answers in the order of its keys, with nil where there is no record", arguments: StoreUnderTest.allCases)
  func getMany(_ kind: StoreUnderTest) async throws {
    try await kind.withStore { store in
      try await filled(store)
      let found = try await store.get([Key("none"), Key([0xFF]), Key([]), Key("none"), Key([0xFF])])
      #expect(found.map { $0?.value } == [nil, [0xFF], [], nil, [0xFF]])
    }
  }

  @Test("Readers beside a writer never see a part of a batch", arguments: StoreUnderTest.allCases)
  func neverHalfABatch(_ kind: StoreUnderTest) async throws {
    try await kind.withStore { store in
      let keys = (0..<20).map { Key([UInt8($0)]) }
      try await store.commit { batch in for key in keys { batch.put(key, [0]) } }
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          for round in 1...100 {
            try await store.commit { batch in for key in keys { batch.put(key, [UInt8(round)]) } }
          }
        }
        for _ in 0..<3 {
          group.addTask {
            for _ in 0..<100 {
              let values = Set(try await store.get(keys).map { $0?.value })
              #expect(values.count == 1)
              let revisions = Set(try await store.scan(.all, limit: 99).map(\.revision))
              #expect(revisions.count == 1)
            }
          }
        }
        try await group.waitForAll()
      }
    }
  }

  @Test("A store answers like a dictionary after any sequence of commits", arguments: StoreUnderTest.allCases)
  func likeADictionary(_ kind: StoreUnderTest) async throws {
    let seed = UInt64.random(in: .min ... .max)
    var random = SeededGenerator(seed: seed)
    try await kind.withStore { store in
      var model: [Key: Record] = [:]
      for _ in 0..<150 {
        let batches = (0..<Int.random(in: 1...4, using: &random)).map { _ in Self.batch(model, &random) }
        let results = try await store.commit(batches)
        for (batch, result) in zip(batches, results) {
          let holds = batch.checks.allSatisfy { model[$0.key]?.revision == $0.expected }
          #expect(holds == (result.refusal == nil), "seed \(seed)")
          guard case .committed(let revision) = result else { continue }
          for mutation in batch.mutations {
            switch mutation {
            case .put(let key, let value): model[key] = Record(key: key, value: value, revision: revision)
            case .delete(let key): model[key] = nil
            }
          }
        }
        let range = KeyRange(from: Self.key(&random), to: Bool.random(using: &random) ? Self.key(&random) : nil)
        let limit = Int.random(in: 0...12, using: &random)
        let inside = model.values.filter { range.contains($0.key) }.sorted { $0.key < $1.key }
        #expect(try await store.scan(range, limit: limit) == Array(inside.prefix(limit)), "seed \(seed)")
        let backward = try await store.scan(range, reverse: true, limit: limit)
        #expect(backward == Array(inside.reversed().prefix(limit)), "seed \(seed)")
      }
      let all = try await store.scan(.all, limit: .max)
      #expect(all == model.values.sorted { $0.key < $1.key }, "seed \(seed)")
    }
  }

  private static func key(_ random: inout SeededGenerator) -> Key {
    Key((0..<Int.random(in: 0...2, using: &random)).map { _ in [0, 1, 0x80, 0xFF].randomElement(using: &random) ?? 0 })
  }

  private static func batch(_ model: [Key: Record], _ random: inout SeededGenerator) -> Batch {
    var batch = Batch()
    for _ in 0..<Int.random(in: 0...2, using: &random) {
      let key = key(&random)
      let isRight = Int.random(in: 0..<5, using: &random) > 0
      batch.checks.append(Check(key: key, expected: isRight ? model[key]?.revision : Revision(rawValue: 1)))
    }
    for _ in 0..<Int.random(in: 0...5, using: &random) {
      let key = key(&random)
      if Int.random(in: 0..<3, using: &random) == 0 {
        batch.delete(key)
      } else {
        let length = [0, 1, 300, 5_000].randomElement(using: &random) ?? 0
        batch.put(key, [UInt8](repeating: UInt8.random(in: 0...255, using: &random), count: length))
      }
    }
    return batch
  }
}
