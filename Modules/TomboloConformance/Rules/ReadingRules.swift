import TomboloPorts

/// What `get` promises.
enum ReadingRules {
  static let all = [committed, order, many, nothing, emptyKey, emptyValue, bytes]

  static let committed = ConformanceRule(
    "get.committed", "`get` and `scan` see every commit that returned before they were called."
  ) { trial in
    let store = trial.store
    let key = Key("a")
    try require(try await store.values([key]), is: [nil], "`get` of an empty store")
    for round in UInt8(1)...20 {
      try await store.put(key, [round])
      try require(try await store.values([key]), is: [[round]], "the value at a key, read after put number \(round)")
      let scanned = try await store.scan(.all, limit: 9).map(\.value)
      try require(scanned, is: [[round]], "the scanned values, read after put number \(round)")
    }
    try await store.write { $0.delete(key) }
    try require(try await store.values([key]), is: [nil], "the value at a key, read after its delete")
    try require(try await store.scan(.all, limit: 9), is: [], "what is scanned after the only record was deleted")
  }

  static let order = ConformanceRule(
    "get.order",
    "The records at `keys`, in the order of `keys`, as often as they are asked for; `nil` where there is none."
  ) { trial in
    let store = trial.store
    let keys = ["a", "b", "c"].map { Key($0) }
    try await store.write { batch in for key in keys { batch.put(key, key.bytes) } }
    let asked = ["c", "none", "a", "c", "none", "b", "a"].map { Key($0) }
    let expected = asked.map { keys.contains($0) ? $0.bytes : nil }
    try require(try await store.values(asked), is: expected, "the values at c, none, a, c, none, b, a")
    let names = try await store.get(asked).map { $0?.key }
    try require(
      names, is: asked.map { keys.contains($0) ? $0 : nil }, "the keys of the records at c, none, a, c, none, b, a")
  }

  static let many = ConformanceRule("get.many", "Any number of keys may be asked for in one call.") { trial in
    let store = trial.store
    let keys = (0..<2_500).map { Key.numbered("k", $0) }
    let stored = keys.enumerated().filter { $0.offset.isMultiple(of: 5) }.map(\.element)
    try await store.write { batch in
      for key in stored.prefix(batchSize(store)) { batch.put(key, key.bytes) }
    }
    let present = Set(stored.prefix(batchSize(store)))
    let values = try await store.values(keys)
    try require(
      values == keys.map { present.contains($0) ? $0.bytes : nil }, "`get` of \(keys.count) keys gave wrong values")
  }

  static let nothing = ConformanceRule("get.nothing", "Asking for no keys gives no records.") { trial in
    try await trial.store.put(Key("a"), [1])
    try require(try await trial.store.get([]).count, is: 0, "the number of records at no keys")
  }

  static let emptyKey = ConformanceRule(
    "key.empty", "The empty key is a key like any other, and the smallest of all."
  ) { trial in
    let store = trial.store
    try await store.put(Key([0]), [2])
    let revision = try await store.put(Key([]), [1])
    try require(try await store.values([Key([])]), is: [[1]], "the value at the empty key")
    try require(try await store.scan(.all, limit: 9).map(\.key.bytes), is: [[], [0]], "the keys of the store")
    try await store.write { batch in
      batch.check(Key([]), is: revision)
      batch.delete(Key([]))
    }
    try require(try await store.values([Key([])]), is: [nil], "the value at the empty key after its delete")
  }

  static let emptyValue = ConformanceRule("value.empty", "A value of no bytes is a value: its record is there.") {
    trial in
    let store = trial.store
    let revision = try await store.put(Key("a"), [])
    let expected = Record(key: Key("a"), value: [], revision: revision)
    try require(try await store.get([Key("a")]), is: [expected], "the record with a value of no bytes")
    try require(try await store.scan(.all, limit: 9), is: [expected], "the scanned record with a value of no bytes")
  }

  static let bytes = ConformanceRule("value.bytes", "A value comes back byte for byte, whatever bytes it has.") {
    trial in
    let store = trial.store
    let every = (0...255).map { UInt8($0) }
    let values: [[UInt8]] = [
      every, [0], [0, 0, 0], [0xFF], every.reversed(), Array("x'\";--\n\r\0".utf8), every + every,
    ]
    let keys = values.indices.map { Key.numbered("v", $0) }
    try await store.write { batch in for (key, value) in zip(keys, values) { batch.put(key, value) } }
    try require(try await store.values(keys), is: values, "values of all bytes")
    // The same for keys, as far as the store takes such long ones.
    let longest = min(every.count, store.capabilities.keyByteCountMaximum)
    let odd = [Key(Array(every.prefix(longest))), Key(Array(every.reversed().prefix(longest)))]
    try await store.write { batch in for key in odd { batch.put(key, key.bytes) } }
    try require(try await store.values(odd), is: odd.map(\.bytes), "the values at keys of all bytes")
  }

  /// How many mutations a rule puts into one batch at most, of the number it would like.
  private static func batchSize(_ store: any KeyValueStore) -> Int {
    min(500, store.capabilities.mutationCountMaximum)
  }
}
