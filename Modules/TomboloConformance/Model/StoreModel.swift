import TomboloPorts

/// What a store must hold and answer; pure, so that every step of a random test can be judged by it.
struct StoreModel {
  private var records: [Key: Record] = [:]
  /// Every revision a key ever had, in the order it had them.
  private var revisions: [Key: [Revision]] = [:]

  /// The batch with revisions, as far as they are known before its commit.
  func batch(_ model: ModelBatch) -> Batch {
    let checks = model.checks.map { check in
      let expected: Revision? =
        switch check.expectation {
        case .current: records[check.key]?.revision
        case .absent: nil
        case .former: revisions[check.key]?.dropLast().last ?? Revision(rawValue: .max)
        }
      return Check(key: check.key, expected: expected)
    }
    return Batch(checks: checks, mutations: model.mutations)
  }

  /// Requires that `result` is right, and takes over what the batch did.
  mutating func take(_ batch: Batch, _ result: BatchResult) throws {
    let failed = batch.checks.filter { records[$0.key]?.revision != $0.expected }
    switch result {
    case .refused(let error):
      try require(error.code, is: .conflict, "the code of a refusal")
      let told = failed.contains {
        $0.key == error.key && $0.expected == error.expected && records[$0.key]?.revision == error.actual
      }
      try require(!failed.isEmpty, "a batch was refused although all its checks hold: \(words(for: error))")
      try require(told, "the refusal does not tell the check that failed: \(words(for: error))")
    case .committed(let revision):
      try require(failed.isEmpty, "a batch was committed although its check at \(failed.first?.key ?? Key([])) fails")
      for key in Set(batch.mutations.map(\.key)) {
        try require(revisions[key]?.contains(revision) != true, "key \"\(key)\" was given revision \(revision) before")
        if case .put? = batch.mutations.last(where: { $0.key == key }) { revisions[key, default: []].append(revision) }
      }
      for mutation in batch.mutations {
        switch mutation {
        case .put(let key, let value): records[key] = Record(key: key, value: value, revision: revision)
        case .delete(let key): records[key] = nil
        }
      }
    }
  }

  func get(_ keys: [Key]) -> [Record?] {
    keys.map { records[$0] }
  }

  func scan(_ range: KeyRange, reverse: Bool, limit: Int) -> [Record] {
    let inside = records.values.filter { range.contains($0.key) }.sorted { $0.key < $1.key }
    return Array((reverse ? inside.reversed() : inside).prefix(max(0, limit)))
  }
}
