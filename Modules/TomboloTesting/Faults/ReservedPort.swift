/// A port of this machine, at 127.0.0.1, that is kept for whoever is told its number.
///
///     let reserved = try ReservedPort()
///     defer { withExtendedLifetime(reserved) {} }
///     let delivery = HTTPDelivery(baseURL: "http://127.0.0.1:\(reserved.number)")
///
/// It is bound with `SO_REUSEADDR` and never listened on. So the system gives the number to nobody else, neither to a server that
/// takes any port nor to a client's connection; whoever connects is refused; and on Linux a server that sets `SO_REUSEADDR` too,
/// as most do, can listen there, end, and listen there again (socket(7)). Darwin lets no server listen beside it.
///
/// The port is free again when it is let go.
public final class ReservedPort: Sendable {
  /// The port, from 1 to 65,535.
  public let number: Int
  private let socket: LoopbackSocket

  /// - Throws: when the system gives no socket, or no port.
  public init() throws {
    let (socket, port) = try LoopbackSocket.reserving()
    self.socket = socket
    number = Int(port)
  }
}
