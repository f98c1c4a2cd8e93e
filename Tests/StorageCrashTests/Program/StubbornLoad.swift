import TomboloPorts

/// One producer that goes on when a commit fails, and says what became of it: a program to run while system calls fail.
///
/// | line | means |
/// |---|---|
/// | `ready` | the store is open |
/// | an `Acknowledgement` | the step was committed, or was found to be after its outcome was unknown |
/// | `refused CODE` | the store could not be opened |
/// | `failed INDEX CODE` | the commit of a step failed; it is tried again if the store can be read and does not have it |
/// | `absent INDEX` | the outcome was unknown, and a read said that the step was not applied |
/// | `unread INDEX CODE` | after that the store could not be read either, and the program takes no further step |
/// | `lie INDEX CODE` | the step failed and yet it was applied |
/// | `closed`, `unclosed CODE` | how closing went |
/// | `done` | the program ends by itself |
struct StubbornLoad {
  private static let attemptCountMaximum = 3

  var options: Options
  var print: (String) throws -> Void

  func run() async throws {
    let store: any KeyValueStore
    do {
      store = try await options.engine.open(path: options.path, durability: options.durability)
    } catch let error as StoreError {
      try print("refused \(error.code)\n")
      try print("done\n")
      return
    }
    try print("ready\n")
    for index in 0..<options.commitCount {
      guard try await take(index, in: store) else { break }
    }
    do {
      try await store.close()
      try print("closed\n")
    } catch let error as StoreError {
      try print("unclosed \(error.code)\n")
    }
    try print("done\n")
  }

  /// Commits a step, and answers whether another makes sense.
  private func take(_ index: Int, in store: any KeyValueStore) async throws -> Bool {
    let step = LoadStep(round: options.round, producer: 0, index: index)
    for _ in 0..<Self.attemptCountMaximum {
      var failure: StoreError
      do {
        guard let result = try await store.commit([step.batch]).first else { throw StoreError(.engine, "no result") }
        try print(Acknowledgement(step: step, revision: try result.get()).line)
        return true
      } catch let error as StoreError {
        failure = error
      }
      try print("failed \(index) \(failure.code)\n")
      do {
        let note = try await store.get([LoadStep.last(round: options.round, producer: 0)]).first ?? nil
        guard let note, note.value == Array("\(index)".utf8) else {
          if failure.code == .outcomeUnknown { try print("absent \(index)\n") }
          continue
        }
        guard failure.code == .outcomeUnknown else {
          try print("lie \(index) \(failure.code)\n")
          return false
        }
        try print(Acknowledgement(step: step, revision: note.revision).line)
        return true
      } catch let error as StoreError {
        failure = error
      }
      try print("unread \(index) \(failure.code)\n")
      return false
    }
    return false
  }
}
