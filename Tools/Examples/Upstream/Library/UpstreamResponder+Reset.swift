import Hummingbird
import NIOCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension UpstreamResponder {
  /// Breaks the connection, so that the sender sees a reset and not an orderly end. The response goes nowhere.
  static func reset(_ channel: any Channel) async throws -> Response {
    if let socket = channel as? any SocketOptionProvider {
      // With a linger time of zero, closing sends RST.
      try await socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
    }
    try await channel.close().get()
    return Response(status: .internalServerError)
  }
}
