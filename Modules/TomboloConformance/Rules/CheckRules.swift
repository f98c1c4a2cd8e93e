import TomboloPorts

/// What checks promise, and what a refusal tells.
enum CheckRules {
  static let all = [revision, absent, every, beforeMutations, alone, conflict, discreet]

  static let revision = ConformanceRule(
    "check.revision", "A check on a revision requires that the record at its key has exactly this revision."
  ) { trial in
    let store = trial.store
    let first = try await store.put(Key("a"), [1])
    let other = try await store.put(Key("b"), [1])
    let second = try await store.write { batch in
      batch.check(Key("a"), is: first)
      batch.put(Key("a"), [2])
    }
    // Neither an older revision, nor one of another key, nor one that never was.
    let highest = max(second.rawValue, other.rawValue)
    for wrong in [first, other, Revision(rawValue: highest &+ 1_000), Revision(rawValue: .max)] {
      let result = try await store.result { batch in
        batch.check(Key("a"), is: wrong)
        batch.put(Key("a"), [9])
      }
      try require(result.refusalCode, is: .conflict, "the refusal of a check on a revision the record does not have")
    }
    let missing = try await store.result { $0.check(Key("none"), is: first) }
    try require(missing.refusalCode, is: .conflict, "the refusal of a check on a revision where no record is")
    try require(try await store.values([Key("a")]), is: [[2]], "the value after checks that failed")
  }

  static let absent = ConformanceRule(
    "check.absent", "A check for absence requires that there is no record at its key."
  ) { trial in
    let store = trial.store
    func create() async throws -> BatchResult {
      try await store.result { batch in
        batch.checkAbsent(Key("a"))
        batch.put(Key("a"), [])
      }
    }
    try require(try await create().refusalCode, is: nil, "the refusal of a check for absence where nothing is")
    try require(try await create().refusalCode, is: .conflict, "the refusal of a check for absence where a record is")
    try await store.write { $0.delete(Key("a")) }
    try require(try await create().refusalCode, is: nil, "the refusal of a check for absence after a delete")
  }

  static let every = ConformanceRule("check.every", "All checks of a batch must hold.") { trial in
    let store = trial.store
    let revision = try await store.put(Key("a"), [1])
    let right = Check(key: Key("a"), expected: revision)
    let absent = Check(key: Key("none"), expected: nil)
    let wrong = Check(key: Key("a"), expected: nil)
    for checks in [[wrong, right, absent], [right, wrong, absent], [right, absent, wrong]] {
      let result = try await store.results(of: [Batch(checks: checks, mutations: [.put(Key("b"), [1])])])
      try require(result.map(\.refusalCode), is: [.conflict], "the refusal when one check of three fails")
    }
    try require(try await store.values([Key("b")]), is: [nil], "the value a refused batch would have put")
    let result = try await store.results(of: [Batch(checks: [right, absent], mutations: [.put(Key("b"), [1])])])
    try require(result.map(\.refusalCode), is: [nil], "the refusal when all checks hold")
  }

  static let beforeMutations = ConformanceRule(
    "check.before-mutations", "All checks must hold, judged before the first mutation of their batch."
  ) { trial in
    let store = trial.store
    try await store.write { batch in
      batch.put(Key("a"), [1])
      batch.checkAbsent(Key("a"))
    }
    let revision = try await store.put(Key("a"), [2])
    try await store.write { batch in
      batch.delete(Key("a"))
      batch.check(Key("a"), is: revision)
      batch.put(Key("a"), [3])
    }
    try require(try await store.values([Key("a")]), is: [[3]], "the value at a key that is checked and changed")
  }

  static let alone = ConformanceRule(
    "check.refuses-alone", "A check that fails refuses its own batch and no other."
  ) { trial in
    let store = trial.store
    let revision = try await store.put(Key("a"), [1])
    var refused = Batch()
    refused.checkAbsent(Key("a"))
    refused.delete(Key("a"))
    var before = Batch()
    before.put(Key("b"), [2])
    var after = Batch()
    after.check(Key("a"), is: revision)
    after.put(Key("c"), [3])
    let codes = try await store.results(of: [before, refused, after]).map(\.refusalCode)
    try require(codes, is: [nil, .conflict, nil], "the results around a refused batch")
    let values = try await store.values(["a", "b", "c"].map { Key($0) })
    try require(values, is: [[1], [2], [3]], "the values after one of three batches was refused")
  }

  static let conflict = ConformanceRule(
    "check.conflict-tells",
    "With `conflict` come the key whose check failed, the revision the batch required and the revision that is there."
  ) { trial in
    let store = trial.store
    let actual = try await store.put(Key("a"), [1])
    let wrong = Revision(rawValue: actual.rawValue &+ 1_000)
    let cases: [(Check, Revision?)] = [
      (Check(key: Key("a"), expected: wrong), actual), (Check(key: Key("a"), expected: nil), actual),
      (Check(key: Key("none"), expected: actual), nil),
    ]
    for (check, actual) in cases {
      let holds = Check(key: Key("other"), expected: nil)
      guard case .refused(let error)? = try await store.results(of: [Batch(checks: [holds, check])]).first else {
        throw Finding(message: "a batch whose check fails was committed")
      }
      try require(error.code, is: .conflict, "the code of the refusal")
      try require(error.key, is: check.key, "the key of the conflict")
      try require(error.expected, is: check.expected, "the expected revision of the conflict at \(check.key)")
      try require(error.actual, is: actual, "the actual revision of the conflict at \(check.key)")
    }
  }

  static let discreet = ConformanceRule("error.discreet", "The message of an error never holds values.") { trial in
    let store = trial.store
    let secret = "a value nobody may read"
    let value = Array(secret.utf8)
    try await store.put(Key("a"), value)
    let tooLong = Key([UInt8](repeating: 7, count: store.capabilities.keyByteCountMaximum + 1))
    let tooMany = min(store.capabilities.mutationCountMaximum, 1_000_000) + 1
    let batches = [
      Batch(checks: [Check(key: Key("a"), expected: nil)], mutations: [.put(Key("a"), value)]),
      Batch(mutations: [.put(tooLong, value)]),
      Batch(mutations: Array(repeating: .put(Key("b"), value), count: tooMany)),
    ]
    for result in try await store.results(of: batches) {
      guard case .refused(let error) = result else { continue }
      try require(!error.message.isEmpty, "a refusal has no message")
      try require(!error.description.contains(secret), "the message of \(error.code) holds the value")
      try require(!error.description.contains("\(value)".dropLast()), "the message of \(error.code) holds the value")
    }
  }
}
