#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A real listening socket on a free loopback port. The system accepts connections for it, as far as its backlog goes.
final class TCPListener {
  let port: Int
  let descriptor: Int32
  private(set) var fillers: [Int32] = []

  /// Listens on 127.0.0.1, or on ::1.
  init(isIPv6: Bool = false, backlog: Int32 = 16) throws {
    let descriptor = Self.makeSocket(isIPv6 ? AF_INET6 : AF_INET)
    var length: socklen_t
    if isIPv6 {
      var address = sockaddr_in6()
      address.sin6_family = sa_family_t(AF_INET6)
      address.sin6_addr = in6addr_loopback
      length = socklen_t(MemoryLayout<sockaddr_in6>.size)
      let size = length
      let bound = withUnsafeBytes(of: &address) {
        bind(descriptor, $0.assumingMemoryBound(to: sockaddr.self).baseAddress, size)
      }
      guard bound == 0 else { throw SystemError(code: errno) }
    } else {
      var address = Self.loopback(port: 0)
      length = socklen_t(MemoryLayout<sockaddr_in>.size)
      let size = length
      let bound = withUnsafeBytes(of: &address) {
        bind(descriptor, $0.assumingMemoryBound(to: sockaddr.self).baseAddress, size)
      }
      guard bound == 0 else { throw SystemError(code: errno) }
    }
    guard listen(descriptor, backlog) == 0 else { throw SystemError(code: errno) }
    var storage = sockaddr_in6()
    let named = withUnsafeMutableBytes(of: &storage) {
      getsockname(descriptor, $0.assumingMemoryBound(to: sockaddr.self).baseAddress, &length)
    }
    guard named == 0 else { throw SystemError(code: errno) }
    // The port stands at the same place in both kinds of address.
    port = Int(UInt16(bigEndian: storage.sin6_port))
    self.descriptor = descriptor
  }

  /// A socket bound to a port where nobody listens. As long as it is there, nobody else can take the port.
  private init(silent descriptor: Int32) throws {
    self.descriptor = descriptor
    var address = Self.loopback(port: 0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let results = withUnsafeMutableBytes(of: &address) { bytes -> [Int32] in
      let pointer = bytes.assumingMemoryBound(to: sockaddr.self).baseAddress
      return [bind(descriptor, pointer, length), getsockname(descriptor, pointer, &length)]
    }
    port = Int(UInt16(bigEndian: address.sin_port))
    guard results == [0, 0] else { throw SystemError(code: errno) }
  }

  /// One that refuses every connection.
  static func makeClosedPort() throws -> TCPListener {
    try TCPListener(silent: makeSocket(AF_INET))
  }

  /// A socket bound to a port and connected to the same port.
  private init(selfConnected descriptor: Int32) throws {
    self.descriptor = descriptor
    var address = Self.loopback(port: 0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let results = withUnsafeMutableBytes(of: &address) { bytes -> [Int32] in
      let pointer = bytes.assumingMemoryBound(to: sockaddr.self).baseAddress
      return [
        bind(descriptor, pointer, length), getsockname(descriptor, pointer, &length),
        connect(descriptor, pointer, length),
      ]
    }
    port = Int(UInt16(bigEndian: address.sin_port))
    guard results == [0, 0, 0] else { throw SystemError(code: errno) }
  }

  static func makeSelfConnected() throws -> TCPListener {
    try TCPListener(selfConnected: makeSocket(AF_INET))
  }

  deinit {
    for filler in fillers { close(filler) }
    close(descriptor)
  }

  struct SystemError: Error {
    var code: Int32

    /// The machine does not speak this kind of address.
    var isMissingFamily: Bool { [EAFNOSUPPORT, EADDRNOTAVAIL, EBADF].contains(code) }
  }

  /// Connects often enough, without ever being accepted, that the system drops further attempts: a black hole.
  func fillBacklog() {
    for _ in 0..<8 {
      let filler = Self.makeSocket(AF_INET)
      _ = fcntl(filler, F_SETFL, O_NONBLOCK)
      var address = Self.loopback(port: port)
      _ = withUnsafeBytes(of: &address) {
        connect(
          filler, $0.assumingMemoryBound(to: sockaddr.self).baseAddress, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
      fillers.append(filler)
    }
    // Full it is once the first of them has arrived, which is a moment after they were sent.
    _ = Self.isReadable(descriptor)
  }

  /// Takes the next connection, and answers whether its other end was closed.
  func isNextConnectionClosed() -> Bool {
    guard Self.isReadable(descriptor) else { return false }
    let connection = accept(descriptor, nil, nil)
    guard connection >= 0 else { return false }
    defer { close(connection) }
    var byte: UInt8 = 0
    return Self.isReadable(connection) && recv(connection, &byte, 1, 0) == 0
  }

  /// Waits until there is something to take, or the end; a minute at most.
  private static func isReadable(_ descriptor: Int32) -> Bool {
    var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    while true {
      let count = poll(&polled, 1, 60_000)
      if count >= 0 || errno != EINTR { return count > 0 }
    }
  }

  private static func makeSocket(_ family: Int32) -> Int32 {
    #if canImport(Darwin)
      socket(family, SOCK_STREAM, 0)
    #else
      socket(family, Int32(SOCK_STREAM.rawValue), 0)
    #endif
  }

  private static func loopback(port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(port).bigEndian)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
  }
}
