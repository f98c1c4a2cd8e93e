import TomboloPorts

/// What a durable store promises about the time after its process.
enum DurabilityRules {
  static let all = [reopen, refused, crash, crashMany]

  static let reopen = ConformanceRule(
    "durable.reopen",
    "What was committed is there again after the store was closed and opened: records, revisions, deletes.",
    excluded: Exclusion.notDurable
  ) { trial in
    try await fill(trial.store)
    let before = try await trial.store.scan(.all, limit: .max)
    try await trial.reopen()
    try require(try await trial.store.scan(.all, limit: .max), is: before, "the records after opening again")
    // A store that was only read must keep everything too, and so must one that has written again.
    try await trial.reopen()
    try await trial.store.write { batch in
      batch.put(Key("later"), [1])
      batch.delete(Key.numbered("k", 1))
    }
    let after = try await trial.store.scan(.all, limit: .max)
    try require(after.count, is: before.count, "the number of records after one more was put and one deleted")
    try await trial.reopen()
    try require(try await trial.store.scan(.all, limit: .max), is: after, "the records after opening a third time")
  }

  static let refused = ConformanceRule(
    "durable.refused", "A batch that was refused is not there after opening again either.",
    excluded: Exclusion.notDurable
  ) { trial in
    try await trial.store.put(Key("a"), [1])
    var refused = Batch()
    refused.put(Key("b"), [1])
    refused.delete(Key("a"))
    refused.checkAbsent(Key("a"))
    var other = Batch()
    other.put(Key("c"), [1])
    _ = try await trial.store.results(of: [refused, other])
    try await trial.reopen()
    let values = try await trial.store.values(["a", "b", "c"].map { Key($0) })
    try require(values, is: [[1], nil, [1]], "the values after opening again")
  }

  static let crash = ConformanceRule(
    "durable.crash", "When `commit` returns, every batch reported as committed survives the end of the process.",
    excluded: Exclusion.noCrash
  ) { trial in
    try await fill(trial.store)
    for round in UInt8(0)..<6 {
      try await trial.store.put(Key("round"), [round])
      let before = try await trial.store.scan(.all, limit: .max)
      try await trial.crash()
      try require(try await trial.store.scan(.all, limit: .max), is: before, "the records after crash number \(round)")
    }
  }

  static let crashMany = ConformanceRule(
    "durable.crash-many", "A commit of many batches survives the end of the process whole.", excluded: Exclusion.noCrash
  ) { trial in
    let count = min(300, trial.capabilities.mutationCountMaximum)
    let batches = (0..<count).map { Batch(mutations: [.put(.numbered("k", $0), [UInt8](repeating: 7, count: 200))]) }
    _ = try await trial.store.results(of: batches)
    try await trial.crash()
    try require(try await trial.store.scan(.all, limit: .max).count, is: count, "the number of records after a crash")
  }

  /// Some of everything: records, records put over, deletes, an empty value.
  private static func fill(_ store: any KeyValueStore) async throws {
    for round in UInt8(0)..<3 {
      try await store.write { batch in
        for index in 0..<20 { batch.put(.numbered("k", index), [UInt8](repeating: round, count: index * 40)) }
      }
    }
    try await store.write { batch in for index in 10..<15 { batch.delete(.numbered("k", index)) } }
    try await store.write { batch in batch.put(Key("last"), []) }
  }
}
