import Synchronization
import TomboloPorts

/// A callback and the stream of statuses it is called with.
final class CallbackObserver: Sendable {
  private let stream: AsyncStream<NetworkStatus>
  private let continuation: AsyncStream<NetworkStatus>.Continuation
  private let callback: @Sendable (NetworkStatus) async -> Void
  private let isCancelled = Atomic(false)

  init(
    stream: AsyncStream<NetworkStatus>,
    continuation: AsyncStream<NetworkStatus>.Continuation,
    callback: @escaping @Sendable (NetworkStatus) async -> Void
  ) {
    self.stream = stream
    self.continuation = continuation
    self.callback = callback
  }

  /// Calls the callback until cancelled.
  func run() async {
    for await status in stream {
      // A stream that was finished still hands out what it holds.
      if isCancelled.load(ordering: .acquiring) { return }
      await callback(status)
    }
  }

  func cancel() {
    isCancelled.store(true, ordering: .releasing)
    continuation.finish()
  }
}
