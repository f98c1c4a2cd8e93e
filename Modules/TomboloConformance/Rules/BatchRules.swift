import TomboloPorts

/// What `commit` promises of mutations and results.
enum BatchRules {
  static let all = [whole, lastMutation, deleteAbsent, durability, empty, order, results, big]

  static let whole = ConformanceRule("batch.whole", "A batch is applied completely or not at all.") { trial in
    let store = trial.store
    try await store.write { batch in
      for name in ["a", "b", "c"] { batch.put(Key(name), [1]) }
    }
    let names = ["a", "b", "c", "d", "e"].map { Key($0) }
    func mutate(_ batch: inout Batch) {
      batch.put(names[3], [2])
      batch.delete(names[0])
      batch.put(names[1], [2])
      batch.put(names[4], [2])
    }
    let refused = try await store.result { batch in
      mutate(&batch)
      batch.checkAbsent(names[2])
    }
    try require(refused.refusalCode, is: .conflict, "the refusal of a batch whose check fails")
    try require(try await store.values(names), is: [[1], [1], [1], nil, nil], "the values after a batch was refused")
    try await store.write(mutate)
    try require(try await store.values(names), is: [nil, [2], [1], [2], [2]], "the values after a batch was committed")
  }

  static let lastMutation = ConformanceRule(
    "batch.last-mutation", "Mutations are applied in their order; of two for one key the later one stays."
  ) { trial in
    let store = trial.store
    let revision = try await store.write { batch in
      batch.put(Key("a"), [1])
      batch.put(Key("a"), [2])
      batch.put(Key("b"), [1])
      batch.delete(Key("b"))
      batch.delete(Key("c"))
      batch.put(Key("c"), [3])
    }
    let expected = [
      Record(key: Key("a"), value: [2], revision: revision), Record(key: Key("c"), value: [3], revision: revision),
    ]
    try require(try await store.scan(.all, limit: 9), is: expected, "what a batch with several mutations a key leaves")
  }

  static let deleteAbsent = ConformanceRule("batch.delete-absent", "Deleting what is not there is no error.") { trial in
    let store = trial.store
    try await store.write { batch in
      batch.delete(Key("a"))
      batch.put(Key("b"), [1])
    }
    try await store.write { $0.delete(Key("a")) }
    try require(
      try await store.values([Key("a"), Key("b")]), is: [nil, [1]], "the values after deleting an absent key")
  }

  static let durability = ConformanceRule(
    "batch.durability", "What a batch asks of its durability changes nothing of what is applied."
  ) { trial in
    let store = trial.store
    let levels: [StoreDurability?] = [nil, StoreDurability.none, .normal, .full]
    for (number, level) in levels.enumerated() {
      let byte = UInt8(truncatingIfNeeded: number + 1)
      try await store.write { $0.put(Key("old"), [byte]) }
      var batch = Batch(durability: level)
      batch.put(Key("a"), [byte])
      batch.delete(Key("old"))
      var refused = Batch(durability: level)
      refused.checkAbsent(Key("a"))
      refused.put(Key("b"), [byte])
      let codes = try await store.results(of: [batch, refused]).map(\.refusalCode)
      let asked = level.map { "\($0)" } ?? "the store's own level"
      try require(codes, is: [nil, .conflict], "the results of batches that ask for \(asked)")
      let names = ["a", "b", "old"].map { Key($0) }
      try require(
        try await store.values(names), is: [[byte], nil, nil], "the values after batches that ask for \(asked)")
    }
  }

  static let empty = ConformanceRule(
    "commit.empty", "A commit of no batches answers with no results; a batch without mutations changes nothing."
  ) { trial in
    let store = trial.store
    try require(try await store.commit([]).count, is: 0, "the number of results of a commit of no batches")
    try await store.write { _ in }
    let revision = try await store.put(Key("a"), [1])
    var holds = Batch()
    holds.check(Key("a"), is: revision)
    holds.checkAbsent(Key("b"))
    var fails = Batch()
    fails.checkAbsent(Key("a"))
    let codes = try await store.results(of: [Batch(), holds, fails, holds]).map(\.refusalCode)
    try require(codes, is: [nil, nil, .conflict, nil], "the results of batches without mutations")
    let expected = Record(key: Key("a"), value: [1], revision: revision)
    try require(try await store.scan(.all, limit: 9), is: [expected], "the records after batches without mutations")
  }

  static let order = ConformanceRule(
    "commit.order",
    "The batches of one commit are judged one after the other, in their order: a later one sees what an earlier one of the "
      + "same call did, and nothing of one that was refused."
  ) { trial in
    let store = trial.store
    var create = Batch()
    create.checkAbsent(Key("a"))
    create.put(Key("a"), [1])
    var delete = Batch()
    delete.delete(Key("a"))
    var refused = Batch()
    refused.check(Key("a"), is: Revision(rawValue: .max))
    refused.put(Key("b"), [1])
    var createOther = Batch()
    createOther.checkAbsent(Key("b"))
    createOther.put(Key("b"), [2])
    let codes = try await store.results(of: [create, create, delete, create, refused, createOther]).map(\.refusalCode)
    try require(
      codes, is: [nil, .conflict, nil, nil, .conflict, nil], "the results of batches that build on each other")
    try require(try await store.values([Key("a"), Key("b")]), is: [[1], [2]], "the values they leave")
    var first = Batch()
    first.put(Key("c"), [1])
    var second = Batch()
    second.put(Key("c"), [2])
    _ = try await store.results(of: [first, second])
    try require(try await store.values([Key("c")]), is: [[2]], "the value at a key that two batches of one commit put")
  }

  static let results = ConformanceRule(
    "commit.results", "A commit answers for each of its batches, in their order."
  ) { trial in
    let store = trial.store
    try await store.put(Key("taken"), [1])
    let batches = (0..<60).map { index in
      var batch = Batch()
      if index % 3 == 1 { batch.checkAbsent(Key("taken")) }
      batch.put(Key.numbered("k", index), [1])
      return batch
    }
    let results = try await store.results(of: batches)
    let records = try await store.get(batches.indices.map { Key.numbered("k", $0) })
    for (index, result) in results.enumerated() {
      let isRefused = index % 3 == 1
      try require(result.refusalCode, is: isRefused ? .conflict : nil, "the result of batch \(index)")
      try require(records[index] == nil, is: isRefused, "whether the record of batch \(index) is missing")
    }
  }

  static let big = ConformanceRule("commit.big", "A commit of many batches with many mutations is applied whole.") {
    trial in
    let store = trial.store
    let count = min(5_000, store.capabilities.mutationCountMaximum)
    let size = max(1, count / 100)
    let batches = stride(from: 0, to: count, by: size).map { start in
      Batch(
        mutations: (start..<min(start + size, count)).map { .put(.numbered("k", $0), .init(repeating: 7, count: 64)) })
    }
    let results = try await store.results(of: batches)
    try require(results.allSatisfy { $0.refusalCode == nil }, "a batch that nothing stands against was refused")
    let found = try await store.scan(.all, limit: .max).map(\.key)
    try require(found.count, is: count, "the number of records after a commit that put \(count)")
    let deletes = found.chunks(of: size).map { Batch(mutations: $0.map { .delete($0) }) }
    _ = try await store.results(of: deletes)
    try require(try await store.scan(.all, limit: .max).count, is: 0, "the number of records after all were deleted")
  }
}

extension Array {
  func chunks(of size: Int) -> [[Element]] {
    stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min($0 + size, count)]) }
  }
}
