#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A port of this machine that neither accepts a connection nor refuses one: its queue is full, and nobody takes from it. To a
/// client it is a host that went away without a word.
package final class FullListener: Sendable {
  package let port: Int
  private let descriptors: [Int32]

  /// `nil` when the system gives no socket; `errno` tells why.
  package init?() {
    #if canImport(Glibc)
      let kind = Int32(SOCK_STREAM.rawValue)
    #else
      let kind = SOCK_STREAM
    #endif
    let (listener, first) = (socket(AF_INET, kind, 0), socket(AF_INET, kind, 0))
    descriptors = [listener, first]
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isFull = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        // A queue of none holds one all the same: with the first connection it is full.
        bind(listener, pointer, length) == 0 && listen(listener, 0) == 0
          && getsockname(listener, pointer, &length) == 0 && connect(first, pointer, length) == 0
      }
    }
    port = Int(UInt16(bigEndian: address.sin_port))
    if !isFull { return nil }
  }

  deinit {
    for descriptor in descriptors where descriptor >= 0 { close(descriptor) }
  }
}
