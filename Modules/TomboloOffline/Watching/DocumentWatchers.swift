import Synchronization

/// Those who want to know when a document changed. A watcher that is slow learns of many changes at once, and delays nobody.
final class DocumentWatchers: Sendable {
  private struct State {
    var nextToken = 0
    var watchers: [DocumentKey: [Int: AsyncStream<Void>.Continuation]] = [:]
  }

  private let state = Mutex(State())

  /// One element at once, and one for each time, or several times, that the document changed.
  func changes(of key: DocumentKey) -> AsyncStream<Void> {
    let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    let token = state.withLock { state in
      state.nextToken += 1
      state.watchers[key, default: [:]][state.nextToken] = continuation
      return state.nextToken
    }
    continuation.onTermination = { [weak self] _ in self?.remove(token, key) }
    continuation.yield()
    return stream
  }

  func tell(_ keys: some Sequence<DocumentKey>) {
    let watchers = state.withLock { state in
      state.watchers.isEmpty ? [] : keys.flatMap { state.watchers[$0].map { Array($0.values) } ?? [] }
    }
    for watcher in watchers { watcher.yield() }
  }

  private func remove(_ token: Int, _ key: DocumentKey) {
    state.withLock { state in
      state.watchers[key]?[token] = nil
      if state.watchers[key]?.isEmpty == true { state.watchers[key] = nil }
    }
  }
}
