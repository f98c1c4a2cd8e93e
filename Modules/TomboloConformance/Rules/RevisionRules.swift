import TomboloPorts

/// What revisions promise.
enum RevisionRules {
  static let all = [result, changes, afterDelete, afterRefusal, withinCommit, afterReopen, afterCrash]

  static let result = ConformanceRule(
    "revision.result", "Every record the batch put has the revision its result tells."
  ) { trial in
    let store = trial.store
    var first = Batch()
    first.put(Key("a"), [1])
    first.put(Key("b"), [1])
    var second = Batch()
    second.put(Key("c"), [1])
    let revisions = try await store.results(of: [first, second]).map { try $0.get() }
    let expected = [revisions[0], revisions[0], revisions[1]]
    let found = try await store.get(["a", "b", "c"].map { Key($0) }).map { $0?.revision }
    try require(found, is: expected, "the revisions of the records of two batches")
    let scanned = try await store.scan(.all, limit: 9).map(\.revision)
    try require(scanned, is: expected, "the revisions scanned")
  }

  static let changes = ConformanceRule(
    "revision.changes",
    "A revision tells which put produced a record: each put gives its key a new one, and others keep theirs."
  ) { trial in
    let store = trial.store
    let other = try await store.put(Key("b"), [1])
    var seen: Set<Revision> = []
    for round in 0..<10 {
      let revision = try await store.put(Key("a"), [1])
      try require(seen.insert(revision).inserted, "put number \(round) of the same value gave a revision given before")
      let found = try await store.get([Key("a"), Key("b")]).map { $0?.revision }
      try require(found, is: [revision, other], "the revisions after put number \(round)")
    }
  }

  static let afterDelete = ConformanceRule(
    "revision.after-delete", "A store never gives one key the same revision twice, not even after a delete."
  ) { trial in
    let store = trial.store
    var seen: Set<Revision> = []
    for round in 0..<10 {
      let revision = try await store.put(Key("a"), [])
      try require(seen.insert(revision).inserted, "put number \(round), after a delete, gave a revision given before")
      try await store.write { $0.delete(Key("a")) }
    }
  }

  static let afterRefusal = ConformanceRule(
    "revision.after-refusal", "A refused batch changes no revision, and the next put has one of its own."
  ) { trial in
    let store = trial.store
    var seen: Set<Revision> = []
    for round in 0..<5 {
      let revision = try await store.put(Key("a"), [])
      try require(seen.insert(revision).inserted, "put number \(round), after a refusal, gave a revision given before")
      _ = try await store.result { batch in
        batch.checkAbsent(Key("a"))
        batch.put(Key("a"), [])
      }
      let found = try await store.get(Key("a"))?.revision
      try require(found, is: revision, "the revision of a record after a batch that would change it was refused")
    }
  }

  static let withinCommit = ConformanceRule(
    "revision.within-commit", "Two batches of one commit give one key two revisions."
  ) { trial in
    let store = trial.store
    var batch = Batch()
    batch.put(Key("a"), [1])
    let revisions = try await store.results(of: [batch, batch, batch]).map { try $0.get() }
    try require(Set(revisions).count, is: 3, "the number of revisions that three batches of one commit gave a key")
    try require(try await store.get(Key("a"))?.revision, is: revisions[2], "the revision of the last batch's record")
  }

  static let afterReopen = ConformanceRule(
    "revision.after-reopen",
    "A store never gives one key the same revision twice, not even after it was opened again.",
    excluded: Exclusion.notDurable
  ) { trial in
    try await neverAgain(trial) { try await trial.reopen() }
  }

  static let afterCrash = ConformanceRule(
    "revision.after-crash", "A store never gives one key the same revision twice, not even after a crash.",
    excluded: Exclusion.noCrash
  ) { trial in
    try await neverAgain(trial) { try await trial.crash() }
  }

  /// Puts, deletes and leaves a record by turns, so that nothing but the store itself remembers the highest revision.
  private static func neverAgain(_ trial: StoreTrial, _ openAgain: () async throws -> Void) async throws {
    var seen: Set<Revision> = []
    for round in 0..<4 {
      for _ in 0..<3 {
        let revision = try await trial.store.put(Key("a"), [])
        try require(seen.insert(revision).inserted, "opening number \(round) gave a revision given before")
      }
      if round.isMultiple(of: 2) { try await trial.store.write { $0.delete(Key("a")) } }
      try await openAgain()
    }
  }
}
