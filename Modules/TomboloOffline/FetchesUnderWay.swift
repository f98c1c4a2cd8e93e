import Synchronization

/// The reads of the server that are under way, and which of them an edit overtook: one that the server accepted after it was asked,
/// and that its answer may be without, or one that is being sent, and that its answer may have or not. Each costs an entry for as
/// long as it takes.
final class FetchesUnderWay: Sendable {
  private struct State {
    var lastToken = 0
    var keys: [Int: DocumentKey] = [:]
    var overtaken: Set<Int> = []
    /// How many edits of a document are being sent.
    var sendingCounts: [DocumentKey: Int] = [:]
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

  func isOvertaken(_ token: Int) -> Bool {
    state.withLock { state in
      state.overtaken.contains(token) || state.keys[token].map { state.sendingCounts[$0] != nil } ?? false
    }
  }

  /// Called before an edit of this document is sent at once. The server may have it long before that is known here.
  func beginSending(_ key: DocumentKey) {
    state.withLock { $0.sendingCounts[key, default: 0] += 1 }
  }

  /// Called when what became of that edit is stored.
  func endSending(_ key: DocumentKey) {
    state.withLock { state in
      let count = state.sendingCounts[key, default: 1] - 1
      state.sendingCounts[key] = count > 0 ? count : nil
    }
  }

  func end(_ token: Int) {
    state.withLock { state in
      state.keys[token] = nil
      state.overtaken.remove(token)
    }
  }
}
