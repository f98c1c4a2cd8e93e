import NIOCore
import NIOTLS
import Synchronization

/// Ends attempts to connect that take too long: the TCP connection and the TLS handshake, or without TLS the connection and the
/// first word of the other side, which in HTTP/2 speaks unasked. The driver has no option for it: its own limit is ten seconds for
/// TCP and none for the rest.
final class ConnectLimit: Sendable {
  private let limit: Duration
  private let isEncrypted: Bool
  private let expiry = Mutex<String?>(nil)

  init(_ limit: Duration, isEncrypted: Bool) {
    self.limit = limit
    self.isEncrypted = isEncrypted
  }

  /// Why the newest attempt was ended, in words; `nil` when it was not. An address that was too slow says nothing about the one
  /// after it.
  var reason: String? { expiry.withLock { $0 } }

  /// Watches over a channel that is about to connect. To be called on its event loop.
  func watch(_ channel: any Channel) -> EventLoopFuture<Void> {
    expiry.withLock { $0 = nil }
    let timer = channel.eventLoop.scheduleTask(in: .nanoseconds(Self.nanoseconds(limit))) { [self] in
      expiry.withLock { $0 = words(isConnected: channel.isActive) }
      channel.close(promise: nil)
    }
    channel.closeFuture.whenComplete { _ in timer.cancel() }
    // Before all others it sees the bytes of the other side, behind them all the end of the handshake.
    return channel.eventLoop.makeCompletedFuture {
      try channel.pipeline.syncOperations.addHandler(
        FirstSign { timer.cancel() }, position: isEncrypted ? .last : .first)
    }
  }

  private func words(isConnected: Bool) -> String {
    guard isConnected else { return "it did not accept a connection in time" }
    return isEncrypted
      ? "the TLS handshake did not end in time"
      : "it accepted a connection, but did not speak HTTP/2 in time"
  }

  private static func nanoseconds(_ duration: Duration) -> Int64 {
    let (seconds, attoseconds) = duration.components
    // Limits are an hour at most.
    return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
  }
}

/// Calls back once, at the first bytes that pass it or at the end of a TLS handshake, and leaves the pipeline.
private final class FirstSign: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer

  private let isThere: () -> Void

  init(_ isThere: @escaping () -> Void) { self.isThere = isThere }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    context.fireChannelRead(data)
    leave(context)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    context.fireUserInboundEventTriggered(event)
    if case TLSUserEvent.handshakeCompleted? = event as? TLSUserEvent { leave(context) }
  }

  private func leave(_ context: ChannelHandlerContext) {
    isThere()
    context.pipeline.syncOperations.removeHandler(self, promise: nil)
  }
}
