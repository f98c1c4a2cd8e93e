import TomboloPorts

/// What `close` promises, and opening beside it.
enum ClosingRules {
  static let all = [closed, twice, underWay, lockReleased, inUse]

  static let closed = ConformanceRule("close.closed", "Calls after `close` throw `closed`.") { trial in
    let store = trial.store
    try await store.put(Key("a"), [1])
    try await store.close()
    try await require(.closed, from: "`get` after `close`") { _ = try await store.get([Key("a")]) }
    try await require(.closed, from: "`scan` after `close`") { _ = try await store.scan(.all, limit: 1) }
    try await require(.closed, from: "`commit` after `close`") {
      _ = try await store.commit([Batch(mutations: [.put(Key("a"), [2])])])
    }
  }

  static let twice = ConformanceRule("close.twice", "Closing twice is no error.") { trial in
    try await trial.store.put(Key("a"), [1])
    try await trial.store.close()
    try await trial.store.close()
  }

  static let underWay = ConformanceRule(
    "close.under-way",
    "Calls under way end first; later ones throw `closed`. What was answered as committed is committed."
  ) { trial in
    var random = SeededGenerator(seed: trial.seed)
    for round in 0..<4 {
      let store = trial.store
      let keys = (0..<24).map { Key.numbered("round \(round) ", $0) }
      let patience = Int.random(in: 0...60, using: &random)
      let committed = try await withThrowingTaskGroup(of: Key?.self) { group in
        for key in keys {
          group.addTask {
            do {
              try await store.put(key, [1])
              return key
            } catch let error as StoreError where error.code == .closed {
              return nil
            }
          }
        }
        for _ in 0..<patience { await Task.yield() }
        try await store.close()
        return try await group.reduce(into: Set<Key>()) { keys, key in
          if let key { keys.insert(key) }
        }
      }
      guard trial.capabilities.isDurable else { return }
      try await trial.reopen()
      let found = Set(try await trial.store.scan(.prefix(Key("round \(round) ")), limit: .max).map(\.key))
      let lost = committed.subtracting(found).count
      try require(
        lost == 0, "\(lost) of \(committed.count) commits beside `close` were answered as committed and are lost")
      let extra = found.subtracting(committed).count
      try require(extra == 0, "\(extra) commits beside `close` threw `closed` and were applied all the same")
    }
  }

  static let lockReleased = ConformanceRule(
    "close.lock-released", "`close` gives up the engine and its locks: afterwards it can be opened again at once.",
    excluded: Exclusion.notDurable
  ) { trial in
    for _ in 0..<3 {
      do {
        try await trial.reopen()
      } catch {
        throw Finding(message: "a store that was closed could not be opened again: \(words(for: error))")
      }
    }
  }

  static let inUse = ConformanceRule(
    "open.in-use",
    "A store opened twice is refused with `inUse`, unless its capabilities say that several may share it; the first goes on.",
    excluded: Exclusion.openTwice
  ) { trial in
    try await trial.store.put(Key("a"), [1])
    for _ in 0..<2 {
      let error = try await require(.inUse, from: "opening a store that is open") {
        let second = try await trial.openBesides()
        try await second.close()
      }
      try require(!error.message.isEmpty, "the refusal has no message")
    }
    try await trial.store.put(Key("b"), [2])
    try require(
      try await trial.store.values([Key("a"), Key("b")]), is: [[1], [2]], "the values of the store that was first")
    try await trial.reopen()
    try require(
      try await trial.store.values([Key("a"), Key("b")]), is: [[1], [2]], "the values after opening it again")
  }
}
