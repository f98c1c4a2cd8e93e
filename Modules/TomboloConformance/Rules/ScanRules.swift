import TomboloPorts

/// What `scan` promises.
enum ScanRules {
  static let all = [order, reverse, bounds, limit, nothing, prefix, whole, records]

  /// Keys that tempt an engine to order them by something else than unsigned bytes.
  private static let keys = [
    [], [0], [0, 0], [0, 1], [1], [0x41], [0x61], [0x61, 0], [0x7F], [0x80], [0x80, 0xFF], [0xFE, 0xFF], [0xFF],
    [0xFF, 0],
    [0xFF, 0xFF],
  ].map { Key($0) }

  private static func fill(_ store: any KeyValueStore) async throws {
    // In an order that is neither that of the keys nor its opposite.
    let mixed = keys.indices.map { keys[($0 * 7) % keys.count] }
    try await store.write { batch in for key in mixed { batch.put(key, key.bytes) } }
  }

  static let order = ConformanceRule(
    "scan.order",
    "Records come in key order: bytes, ordered lexicographically as unsigned numbers, a shorter key before a longer one "
      + "that begins with it."
  ) { trial in
    try await fill(trial.store)
    try require(try await trial.store.scan(.all, limit: 99).map(\.key), is: keys, "the keys of a scan")
  }

  static let reverse = ConformanceRule(
    "scan.reverse", "Records come in the opposite order when `reverse` is true."
  ) { trial in
    try await fill(trial.store)
    let found = try await trial.store.scan(.all, reverse: true, limit: 99).map(\.key)
    try require(found, is: keys.reversed(), "the keys of a reverse scan")
  }

  static let bounds = ConformanceRule(
    "scan.bounds",
    "The keys from `lower` (included) up to `upper` (excluded); without an `upper`, up to the last key."
  ) { trial in
    try await fill(trial.store)
    let bounds = keys + [Key([0, 0, 1]), Key([0x90]), Key([0xFF, 0xFF, 0xFF])]
    for lower in bounds {
      for upper in bounds.map({ Optional($0) }) + [nil] {
        let range = KeyRange(from: lower, to: upper)
        let inside = keys.filter { range.contains($0) }
        let forward = try await trial.store.scan(range, reverse: false, limit: 99).map(\.key)
        try require(Set(forward) == Set(inside), "\(words(range)) holds \(inside), and the scan gave \(forward)")
        let backward = try await trial.store.scan(range, reverse: true, limit: 99).map(\.key)
        try require(
          Set(backward) == Set(inside), "\(words(range)) holds \(inside), and the reverse scan gave \(backward)")
      }
    }
  }

  static let limit = ConformanceRule(
    "scan.limit", "Up to `limit` records: the first ones of the order asked for."
  ) { trial in
    try await fill(trial.store)
    let range = KeyRange(from: keys[2], to: keys[keys.count - 2])
    for limit in [1, 2, 5, keys.count - 5, keys.count - 4, keys.count] {
      for reverse in [false, true] {
        let all = try await trial.store.scan(range, reverse: reverse, limit: 99).map(\.key)
        let found = try await trial.store.scan(range, reverse: reverse, limit: limit).map(\.key)
        try require(found, is: Array(all.prefix(limit)), "a scan with limit \(limit), reverse: \(reverse)")
      }
    }
    let found = try await trial.store.scan(.all, limit: .max).count
    try require(found, is: keys.count, "the number of records of a scan with the largest limit")
  }

  static let nothing = ConformanceRule(
    "scan.nothing", "A `limit` of zero or less, and an empty range, give no records."
  ) { trial in
    try await fill(trial.store)
    for reverse in [false, true] {
      for limit in [0, -1, .min] {
        let count = try await trial.store.scan(.all, reverse: reverse, limit: limit).count
        try require(count, is: 0, "the number of records of a scan with limit \(limit), reverse: \(reverse)")
      }
      for range in [KeyRange(from: Key([1]), to: Key([1])), KeyRange(from: Key([0xFF]), to: Key([1]))] {
        let count = try await trial.store.scan(range, reverse: reverse, limit: 9).count
        try require(count, is: 0, "the number of records of the empty range \(words(range)), reverse: \(reverse)")
      }
    }
  }

  static let prefix = ConformanceRule(
    "scan.prefix",
    "Every key that begins with a prefix, the prefix itself included, even when nothing can come after it."
  ) { trial in
    try await fill(trial.store)
    for prefix in [[], [0], [0x61], [0x80], [0xFE], [0xFF], [0xFF, 0xFF], [0x62]].map({ Key($0) }) {
      let found = try await trial.store.scan(.prefix(prefix), limit: 99).map(\.key)
      try require(found, is: keys.filter { $0.hasPrefix(prefix) }, "the keys with prefix \"\(prefix)\"")
    }
  }

  static let whole = ConformanceRule(
    "scan.whole", "A scan gives all records of its range up to its limit in one call, however many they are."
  ) { trial in
    let store = trial.store
    let keys = (0..<3_000).map { Key.numbered("k", $0) }
    let size = min(500, store.capabilities.mutationCountMaximum)
    for start in stride(from: 0, to: keys.count, by: size) {
      try await store.write { batch in for key in keys[start..<min(start + size, keys.count)] { batch.put(key, [1]) } }
    }
    for reverse in [false, true] {
      let found = try await store.scan(.all, reverse: reverse, limit: .max).map(\.key)
      try require(found.count, is: keys.count, "the number of records scanned, reverse: \(reverse)")
      try require(found == (reverse ? keys.reversed() : keys), "the scan of \(keys.count) keys is out of order")
    }
  }

  static let records = ConformanceRule("scan.records", "`scan` gives the same records as `get`.") { trial in
    let store = trial.store
    try await fill(store)
    try await store.put(Key([1]), [9, 9])
    let scanned = try await store.scan(.all, limit: 99)
    try require(scanned, is: try await store.get(keys).compactMap(\.self), "the records scanned")
  }

  private static func words(_ range: KeyRange) -> String {
    "the range from \"\(range.lower)\" to \(range.upper.map { "\"\($0)\"" } ?? "the end")"
  }
}
