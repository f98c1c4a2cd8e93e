import Synchronization

/// Sends elements to any number of streams, each with its own bounded buffer: a slow reader loses its own oldest elements
/// and delays nobody.
final class Broadcast<Element: Sendable>: Sendable {
  private struct State {
    var lastToken = 0
    var continuations: [Int: AsyncStream<Element>.Continuation] = [:]
    var listeners: [@Sendable ([Element]) -> Void] = []
  }

  private let state = Mutex(State())

  func stream(bufferCount: Int) -> AsyncStream<Element> {
    let (stream, continuation) = AsyncStream<Element>.makeStream(bufferingPolicy: .bufferingNewest(max(1, bufferCount)))
    let token = state.withLock { state in
      state.lastToken += 1
      state.continuations[state.lastToken] = continuation
      return state.lastToken
    }
    continuation.onTermination = { [weak self] _ in
      self?.state.withLock { _ = $0.continuations.removeValue(forKey: token) }
    }
    return stream
  }

  /// Has `listener` called with everything that is sent from now on, by whoever sends it.
  func add(_ listener: @escaping @Sendable ([Element]) -> Void) {
    state.withLock { $0.listeners.append(listener) }
  }

  /// Whether anybody would get what is sent now.
  var isHeard: Bool { state.withLock { !$0.continuations.isEmpty || !$0.listeners.isEmpty } }

  func send(_ elements: [Element]) {
    guard isHeard else { return }
    let (continuations, listeners) = state.withLock { (Array($0.continuations.values), $0.listeners) }
    for listener in listeners { listener(elements) }
    for continuation in continuations {
      for element in elements { continuation.yield(element) }
    }
  }

  deinit {
    let continuations = state.withLock { Array($0.continuations.values) }
    for continuation in continuations { continuation.finish() }
  }
}
