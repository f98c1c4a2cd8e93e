import NIOCore
import Synchronization

/// Ends attempts to connect that take too long (the TCP connection, not the TLS handshake). The driver's own limit is ten seconds,
/// and it has no option for it.
final class ConnectLimit: Sendable {
  private let limit: Duration
  private let passed = Atomic(false)

  init(_ limit: Duration) { self.limit = limit }

  /// Whether the newest attempt was ended. An address that was too slow says nothing about the one after it.
  var hasPassed: Bool { passed.load(ordering: .acquiring) }

  /// Watches over a channel that is about to connect.
  func watch(_ channel: any Channel) -> EventLoopFuture<Void> {
    passed.store(false, ordering: .releasing)
    let timer = channel.eventLoop.scheduleTask(in: .nanoseconds(Self.nanoseconds(limit))) { [self] in
      guard !channel.isActive else { return }
      passed.store(true, ordering: .releasing)
      channel.close(promise: nil)
    }
    channel.closeFuture.whenComplete { _ in timer.cancel() }
    return channel.eventLoop.makeSucceededVoidFuture()
  }

  private static func nanoseconds(_ duration: Duration) -> Int64 {
    let (seconds, attoseconds) = duration.components
    // Limits are an hour at most.
    return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
  }
}
