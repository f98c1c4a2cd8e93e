import Synchronization

/// The reads of the server that are under way, and which of them an edit overtook: one that the server accepted after it was asked,
/// and that its answer may be without. Each costs an entry for as long as it takes.
final class FetchesUnderWay: Sendable {
  private struct State {
    var lastToken = 0
    var keys: [Int: DocumentKey] = [:]
    var overtaken: Set<Int> = []
  }

  private let state = Mutex(State())

  /// Called before the server is asked; answers with a token for this fetch.
  func begin(_ key: DocumentKey) -> Int {
    state.withLock { state in
      state.lastToken += 1
      state.keys[state.lastToken] = key
      return state.lastToken
    }
  }

  /// The server accepted an edit of this document. Called before that is stored, so that whoever stores an answer over it
  /// sees one of the two.
  func overtake(_ key: DocumentKey) {
    state.withLock { state in
      for (token, fetched) in state.keys where fetched == key { state.overtaken.insert(token) }
    }
  }

  func isOvertaken(_ token: Int) -> Bool { state.withLock { $0.overtaken.contains(token) } }

  func end(_ token: Int) {
    state.withLock { state in
      state.keys[token] = nil
      state.overtaken.remove(token)
    }
  }
}
