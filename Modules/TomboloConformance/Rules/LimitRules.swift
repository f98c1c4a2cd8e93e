import TomboloPorts

/// What the limits of a store's capabilities promise.
enum LimitRules {
  static let all = [
    capabilities, longestKey, keyTooLong, largestValue, valueTooLarge, fullCommit, batchTooLarge, alone,
  ]

  /// Beyond these a limit cannot be tried in reasonable time and memory.
  private static let valueByteCountTried = 256 * 1_024 * 1_024
  private static let mutationCountTried = 1_000_000

  static let capabilities = ConformanceRule(
    "limit.capabilities", "Capabilities are facts: every limit is at least one, and they are the same at every opening."
  ) { trial in
    let first = trial.capabilities
    try require(first.keyByteCountMaximum > 0, "keys may have \(first.keyByteCountMaximum) bytes at most")
    try require(first.valueByteCountMaximum > 0, "values may have \(first.valueByteCountMaximum) bytes at most")
    try require(first.mutationCountMaximum > 0, "commits may have \(first.mutationCountMaximum) mutations at most")
    try await trial.store.put(Key("a"), [1])
    try require(trial.capabilities == first, "a commit changed the capabilities")
    try await trial.reopen()
    try require(trial.capabilities == first, "opening the store again changed its capabilities")
  }

  static let longestKey = ConformanceRule("limit.longest-key", "A key of `keyByteCountMaximum` bytes works.") { trial in
    let store = trial.store
    let byteCount = store.capabilities.keyByteCountMaximum
    let keys = [0x00, 0x61, 0xFF].map { Key([UInt8](repeating: $0, count: byteCount)) }
    let revision = try await store.write { batch in for key in keys { batch.put(key, [1]) } }
    try require(try await store.values(keys), is: [[1], [1], [1]], "the values at keys of \(byteCount) bytes")
    let range = KeyRange(from: keys[1], to: keys[2])
    try require(try await store.scan(range, limit: 9).count, is: 1, "the number of records between two longest keys")
    try await store.write { batch in
      batch.check(keys[0], is: revision)
      batch.delete(keys[0])
    }
    try require(try await store.scan(.all, limit: 9).count, is: 2, "the number of records after one was deleted")
  }

  static let keyTooLong = ConformanceRule(
    "limit.key-too-long",
    "A batch with a longer key, in a check, a put or a delete, is refused with `keyTooLong`; reading finds nothing there."
  ) { trial in
    let store = trial.store
    let key = Key([UInt8](repeating: 7, count: store.capabilities.keyByteCountMaximum + 1))
    let batches = [
      Batch(mutations: [.put(Key("a"), [1]), .put(key, [1])]), Batch(mutations: [.put(Key("a"), [1]), .delete(key)]),
      Batch(checks: [Check(key: key, expected: nil)], mutations: [.put(Key("a"), [1])]),
    ]
    let codes = try await store.results(of: batches).map(\.refusalCode)
    try require(codes, is: [.keyTooLong, .keyTooLong, .keyTooLong], "the refusals of a put, a delete and a check")
    try require(try await store.values([key, Key("a")]), is: [nil, nil], "the values after keys that are too long")
    let range = KeyRange(from: key, to: Key(key.bytes + [7]))
    try require(try await store.scan(range, limit: 9).count, is: 0, "the records between two keys that are too long")
  }

  static let largestValue = ConformanceRule(
    "limit.largest-value", "A value of `valueByteCountMaximum` bytes works.",
    excluded: { capabilities, _ in tooLargeToTry(capabilities) }
  ) { trial in
    let store = trial.store
    let byteCount = store.capabilities.valueByteCountMaximum
    var value = [UInt8](repeating: 0xA5, count: byteCount)
    value[byteCount - 1] = 1
    try await store.put(Key("large"), value)
    try require(
      try await store.values([Key("large")]) == [value], "a value of \(byteCount) bytes did not come back as it was")
    try await store.put(Key("large"), [1])
    try require(try await store.values([Key("large")]), is: [[1]], "the value put over the largest")
  }

  static let valueTooLarge = ConformanceRule(
    "limit.value-too-large", "A batch with a larger value is refused with `valueTooLarge`.",
    excluded: { capabilities, _ in tooLargeToTry(capabilities) }
  ) { trial in
    let store = trial.store
    let value = [UInt8](repeating: 0xA5, count: store.capabilities.valueByteCountMaximum + 1)
    let batch = Batch(mutations: [.put(Key("a"), [1]), .put(Key("large"), value)])
    try require(try await store.results(of: [batch]).map(\.refusalCode), is: [.valueTooLarge], "the refusal")
    try require(try await store.values([Key("a"), Key("large")]), is: [nil, nil], "the values after the refusal")
  }

  static let fullCommit = ConformanceRule(
    "limit.full-commit", "A commit of `mutationCountMaximum` mutations works.",
    excluded: { capabilities, _ in tooManyToTry(capabilities) }
  ) { trial in
    let store = trial.store
    let count = store.capabilities.mutationCountMaximum
    let half = count / 2
    // Few keys, put over and over: the limit counts mutations, not records.
    func batch(_ range: Range<Int>) -> Batch {
      Batch(mutations: range.map { .put(Key([UInt8($0 % 200)]), [UInt8(truncatingIfNeeded: $0)]) })
    }
    let codes = try await store.results(of: [batch(0..<half), batch(half..<count)]).map(\.refusalCode)
    try require(codes, is: [nil, nil], "the refusals of two batches that make a commit of \(count) mutations")
    let last = UInt8(truncatingIfNeeded: count - 1)
    try require(
      try await store.values([Key([UInt8((count - 1) % 200)])]), is: [[last]], "the value of the last mutation")
  }

  static let batchTooLarge = ConformanceRule(
    "limit.batch-too-large",
    "A batch that would take the mutations of its commit, over all batches applied so far, above `mutationCountMaximum` is "
      + "refused with `batchTooLarge`.",
    excluded: { capabilities, _ in tooManyToTry(capabilities) }
  ) { trial in
    let store = trial.store
    let most = store.capabilities.mutationCountMaximum
    func deletes(_ count: Int) -> Batch { Batch(mutations: Array(repeating: .delete(Key("a")), count: count)) }
    let put = Batch(mutations: [.put(Key("a"), [1])])
    try require(
      try await store.results(of: [deletes(most + 1), put]).map(\.refusalCode), is: [.batchTooLarge, nil],
      "the results of a batch that is too large alone and one that is not")
    // One fits, with it the next is too many, and a smaller one fits again.
    try require(
      try await store.results(of: [put, deletes(most), Batch(), deletes(most - 1)]).map(\.refusalCode),
      is: [nil, .batchTooLarge, nil, nil], "the results of batches that are too large together")
  }

  static let alone = ConformanceRule(
    "limit.refuses-alone", "What is over a limit refuses its own batch and no other."
  ) { trial in
    let store = trial.store
    let tooLong = Key([UInt8](repeating: 7, count: store.capabilities.keyByteCountMaximum + 1))
    let batches = [
      Batch(mutations: [.put(Key("a"), [1])]), Batch(mutations: [.put(Key("b"), [1]), .put(tooLong, [1])]),
      Batch(mutations: [.put(Key("c"), [1])]),
    ]
    let codes = try await store.results(of: batches).map(\.refusalCode)
    try require(codes, is: [nil, .keyTooLong, nil], "the results around a batch with a key that is too long")
    let values = try await store.values(["a", "b", "c"].map { Key($0) })
    try require(values, is: [[1], nil, [1]], "the values after a batch with a key that is too long")
  }

  private static func tooLargeToTry(_ capabilities: StoreCapabilities) -> String? {
    guard capabilities.valueByteCountMaximum > valueByteCountTried else { return nil }
    return "values of \(capabilities.valueByteCountMaximum) bytes are too large to try"
  }

  private static func tooManyToTry(_ capabilities: StoreCapabilities) -> String? {
    guard capabilities.mutationCountMaximum > mutationCountTried else { return nil }
    return "commits of \(capabilities.mutationCountMaximum) mutations are too large to try"
  }
}
