import Synchronization

/// Documents that stale readers want asked for, each once, in the order they came.
final class RefreshList<Document: OfflineDocument>: Sendable {
  typealias Fetch = OfflineComposite<Document>.Fetch

  private struct State {
    var order: [String] = []
    var fetches: [String: Fetch] = [:]
    var arrival: AsyncStream<Void>.Continuation?
  }

  /// More are not taken: the next stale reader asks again.
  static var countMaximum: Int { 256 }

  private let state = Mutex(State())

  func add(_ id: String, _ fetch: @escaping Fetch) {
    let arrival = state.withLock { state -> AsyncStream<Void>.Continuation? in
      if state.fetches[id] == nil {
        guard state.order.count < Self.countMaximum else { return nil }
        state.order.append(id)
      }
      state.fetches[id] = fetch
      return state.arrival
    }
    arrival?.yield()
  }

  func next() -> (id: String, fetch: Fetch)? {
    state.withLock { state in
      guard !state.order.isEmpty else { return nil }
      let id = state.order.removeFirst()
      return state.fetches.removeValue(forKey: id).map { (id, $0) }
    }
  }

  /// One element for each time there is something new, and one at once. One reader at a time.
  func arrivals() -> AsyncStream<Void> {
    let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    state.withLock { $0.arrival = continuation }
    continuation.yield()
    return stream
  }
}
