import TomboloPorts

/// What a store promises when it is called from many tasks.
enum ConcurrencyRules {
  static let all = [getMoment, scanMoment, counter, manyTasks]

  static let getMoment = ConformanceRule(
    "concurrency.get-moment",
    "`get` sees every commit that returned before it was called, never a part of a batch, and all of it from one moment."
  ) { trial in
    let store = trial.store
    try await readBesideWriter(store) { keys in
      try await store.get(keys).map { $0?.value }
    }
  }

  static let scanMoment = ConformanceRule(
    "concurrency.scan-moment",
    "`scan` sees every commit that returned before it was called, never a part of a batch, and all of it from one moment."
  ) { trial in
    let store = trial.store
    try await readBesideWriter(store) { keys in
      try await store.scan(.all, reverse: keys.count.isMultiple(of: 2), limit: 99).map(\.value)
    }
  }

  /// One task puts the number of the round at all keys, others look: whatever they find must be one and the same number.
  private static func readBesideWriter(
    _ store: any KeyValueStore, _ read: @escaping @Sendable ([Key]) async throws -> [[UInt8]?]
  ) async throws {
    let keys = (0..<20).map { Key.numbered("k", $0) }
    try await store.write { batch in for key in keys { batch.put(key, [0]) } }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        for round in UInt8(1)...100 {
          try await store.write { batch in for key in keys { batch.put(key, [round]) } }
          let found = Set(try await read(keys))
          try require(found, is: [[round]], "what the writer finds after it put \(round) at all keys")
        }
      }
      for _ in 0..<3 {
        group.addTask {
          for _ in 0..<60 {
            let found = try await read(keys)
            try require(found.count, is: keys.count, "the number of records read beside a writer")
            try require(Set(found).count == 1, "one call found the values of several moments: \(words(for: found))")
            await Task.yield()
          }
        }
      }
      try await group.waitForAll()
    }
  }

  static let counter = ConformanceRule(
    "concurrency.counter",
    "Checks hold at the moment their batch is applied, whoever else is writing: no update is lost."
  ) { trial in
    let store = trial.store
    let key = Key("counter")
    let taskCount = 8
    let roundCount = 12
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<taskCount {
        group.addTask {
          var done = 0
          while done < roundCount {
            let record = try await store.get(key)
            let value = (record?.value.first ?? 0) &+ 1
            let batch = Batch(checks: [Check(key: key, expected: record?.revision)], mutations: [.put(key, [value])])
            if try await store.results(of: [batch]).first?.refusalCode == nil { done += 1 }
          }
        }
      }
      try await group.waitForAll()
    }
    let total = UInt8(taskCount * roundCount)
    try require(
      try await store.values([key]), is: [[total]], "a counter that tasks incremented \(total) times together")
  }

  static let manyTasks = ConformanceRule(
    "concurrency.many-tasks",
    "Every method may be called from any number of tasks at once, and each gets its own answer."
  ) { trial in
    let store = trial.store
    try await withThrowingTaskGroup(of: Void.self) { group in
      for task in 0..<64 {
        group.addTask {
          let own = Key.numbered("task ", task)
          for round in UInt8(0)..<3 {
            let revision = try await store.put(own, [UInt8(task), round])
            let expected = Record(key: own, value: [UInt8(task), round], revision: revision)
            try require(try await store.get([own]), is: [expected], "what a task finds at the key that it alone puts")
            let scanned = try await store.scan(.prefix(own), reverse: true, limit: 2)
            try require(scanned, is: [expected], "what a task scans at the key that it alone puts")
          }
        }
      }
      try await group.waitForAll()
    }
    try require(try await store.scan(.all, limit: 99).count, is: 64, "the number of records that 64 tasks put")
  }
}
