import Logging
import Synchronization
import TomboloPorts

/// A callback and the stream of statuses it is called with.
final class CallbackObserver: Sendable {
  private let stream: AsyncStream<NetworkStatus>
  private let continuation: AsyncStream<NetworkStatus>.Continuation
  private let callback: @Sendable (NetworkStatus) async throws -> Void
  private let isCancelled = Atomic(false)

  init(
    stream: AsyncStream<NetworkStatus>,
    continuation: AsyncStream<NetworkStatus>.Continuation,
    callback: @escaping @Sendable (NetworkStatus) async throws -> Void
  ) {
    self.stream = stream
    self.continuation = continuation
    self.callback = callback
  }

  /// Calls the callback until it is cancelled, or throws.
  func run(_ logger: Logger) async {
    for await status in stream {
      // A stream that was finished still hands out what it holds.
      if isCancelled.load(ordering: .acquiring) { return }
      do {
        try await callback(status)
      } catch {
        // The end of the monitor's own task is nobody's failure. Asked first: it may end while the observer is being cancelled.
        let isEnd = Task.isCancelled
        cancel()
        if isEnd { return }
        logger.warning("an observer of the network failed and is not called again", metadata: ["error": "\(error)"])
        return
      }
    }
  }

  func cancel() {
    isCancelled.store(true, ordering: .releasing)
    continuation.finish()
  }
}
