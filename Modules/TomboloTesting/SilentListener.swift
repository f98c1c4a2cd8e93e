#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A port of this machine where connections come about, because the system accepts them, and nobody ever says a word: to a client it
/// is a program that hangs.
package final class SilentListener: Sendable {
  package let port: Int
  private let descriptor: Int32

  /// One whose queue of connections has so many places; where they are taken, further connections are neither accepted nor refused.
  /// `nil` when the system gives no socket; `errno` tells why.
  package init?(queueLength: Int32 = 16) {
    descriptor = socket(AF_INET, LoopbackSocket.kind, 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isListening = withUnsafeMutablePointer(to: &address) { [descriptor] pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        bind(descriptor, pointer, length) == 0 && listen(descriptor, queueLength) == 0
          && getsockname(descriptor, pointer, &length) == 0
      }
    }
    port = Int(UInt16(bigEndian: address.sin_port))
    if !isListening { return nil }
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  /// Returns once a connection waits to be accepted.
  func waitForConnection() {
    var place = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    while poll(&place, 1, -1) < 0, errno == EINTR {}
  }

  /// Connects to it, and answers the connection's descriptor; -1 when that fails.
  func connection() -> Int32 {
    let connection = socket(AF_INET, LoopbackSocket.kind, 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
    let isConnected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(connection, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    if isConnected { return connection }
    if connection >= 0 { close(connection) }
    return -1
  }
}
