import TomboloPorts

/// What a store promises to tasks that are cancelled.
enum CancellationRules {
  static let all = [before, during]

  static let before = ConformanceRule(
    "cancel.before", "A call made by a task that is cancelled already throws `CancellationError`, and writes nothing."
  ) { trial in
    let store = trial.store
    try await store.put(Key("kept"), [1])
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.cancelAll()
      group.addTask {
        try await requireCancellation("commit") {
          _ = try await store.commit([Batch(mutations: [.put(Key("a"), [1])])])
        }
        try await requireCancellation("commit") {
          _ = try await store.commit([Batch(mutations: [.delete(Key("kept"))])])
        }
        try await requireCancellation("get") { _ = try await store.get([Key("a")]) }
        try await requireCancellation("scan") { _ = try await store.scan(.all, reverse: false, limit: 1) }
      }
      try await group.waitForAll()
    }
    try require(try await store.values([Key("a"), Key("kept")]), is: [nil, [1]], "the values after cancelled commits")
  }

  static let during = ConformanceRule(
    "cancel.during",
    "A cancelled task gets `CancellationError` before anything was written, or the complete result: never half a commit, "
      + "and never an error for a commit that was applied."
  ) { trial in
    let store = trial.store
    var random = SeededGenerator(seed: trial.seed)
    for round in 0..<40 {
      let keys = (0..<5).map { Key.numbered("round \(round) ", $0) }
      let patience = Int.random(in: 0...12, using: &random)
      let isCommitted = try await withThrowingTaskGroup(of: Bool?.self) { group in
        group.addTask {
          let batches = keys.map { Batch(mutations: [.put($0, [1])]) }
          do {
            let codes = try await store.results(of: batches).map(\.refusalCode)
            try require(codes, is: keys.map { _ in nil }, "the results of a commit whose task was cancelled under way")
            return true
          } catch is CancellationError {
            return false
          }
        }
        for _ in 0..<patience { await Task.yield() }
        group.cancelAll()
        return try await group.next() ?? nil
      }
      let found = try await store.values(keys).map { $0 != nil }
      let what = isCommitted == true ? "a commit that returned" : "a commit that threw CancellationError"
      try require(found, is: keys.map { _ in isCommitted == true }, "whether the records of \(what) are there")
    }
  }

  private static func requireCancellation(_ name: String, _ body: () async throws -> Void) async throws {
    do {
      try await body()
    } catch is CancellationError {
      return
    } catch {
      throw Finding(
        message: "`\(name)` in a cancelled task must throw CancellationError, and threw \(words(for: error))")
    }
    throw Finding(message: "`\(name)` in a cancelled task must throw CancellationError, and returned")
  }
}
