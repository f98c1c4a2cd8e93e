import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A TCP socket on the loopback interface, with blocking calls. Its descriptor is closed once, and nothing is done to that
/// number afterwards: the system gives it to the next one at once.
final class LoopbackSocket: Sendable {
  struct Failure: Error, CustomStringConvertible {
    var description: String
    /// Whether the other side broke the connection before it had come about here.
    var isReset: Bool

    init(_ call: String) {
      let number = errno
      isReset = number == ECONNRESET || number == ECONNABORTED
      description = "\(call) failed: \(String(cString: strerror(number)))"
    }
  }

  private let descriptor: Int32
  private let isOpen = Mutex(true)

  private init(descriptor: Int32) { self.descriptor = descriptor }

  /// A stream, and on Linux one that no child process inherits: a program that is started meanwhile would keep the port, or the
  /// connection, after it is closed here.
  static var kind: Int32 {
    #if canImport(Darwin)
      SOCK_STREAM
    #elseif canImport(Musl)
      SOCK_STREAM | SOCK_CLOEXEC
    #else
      Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    #endif
  }

  private static func make() throws -> LoopbackSocket {
    let descriptor = socket(AF_INET, kind, 0)
    guard descriptor >= 0 else { throw Failure("socket") }
    #if canImport(Darwin)
      _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    #endif
    return LoopbackSocket(descriptor: descriptor)
  }

  private static func withAddress<Value>(
    _ port: UInt16, _ body: (UnsafeMutablePointer<sockaddr>, inout socklen_t) -> Value
  ) -> (Value, UInt16) {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    // Safety: `sockaddr` is the common beginning of all addresses, and the length given is that of the whole.
    let value = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, &length) }
    }
    return (value, UInt16(bigEndian: address.sin_port))
  }

  /// A listening socket on a port that the system picks, and that port.
  static func listening() throws -> (LoopbackSocket, port: UInt16) {
    let socket = try make()
    let port = try socket.bindToFreePort()
    guard listen(socket.descriptor, 128) == 0 else { throw Failure("listen") }
    return (socket, port)
  }

  /// A socket that has a port that the system picks, does not listen, and may be joined by another that has set `SO_REUSEADDR`;
  /// and that port.
  static func reserving() throws -> (LoopbackSocket, port: UInt16) {
    let socket = try make()
    var isReusable: Int32 = 1
    let result = setsockopt(
      socket.descriptor, SOL_SOCKET, SO_REUSEADDR, &isReusable, socklen_t(MemoryLayout<Int32>.size))
    guard result == 0 else { throw Failure("setsockopt") }
    return (socket, try socket.bindToFreePort())
  }

  private func bindToFreePort() throws -> UInt16 {
    guard Self.withAddress(0, { bind(descriptor, $0, $1) }).0 == 0 else { throw Failure("bind") }
    let (result, port) = Self.withAddress(0) { getsockname(descriptor, $0, &$1) }
    guard result == 0 else { throw Failure("getsockname") }
    return port
  }

  static func connected(to port: UInt16) throws -> LoopbackSocket {
    let socket = try make()
    guard withAddress(port, { connect(socket.descriptor, $0, $1) }).0 == 0 else { throw Failure("connect") }
    return socket
  }

  /// The next connection; `nil` once the socket is shut.
  func accepted() -> LoopbackSocket? {
    var found = accept(descriptor, nil, nil)
    // A connection that was given up before it was taken is no end of the others.
    while found < 0, errno == EINTR || errno == ECONNABORTED { found = accept(descriptor, nil, nil) }
    guard found >= 0 else { return nil }
    // Swift does not see `accept4`, which would do it in one.
    _ = fcntl(found, F_SETFD, FD_CLOEXEC)
    return LoopbackSocket(descriptor: found)
  }

  /// What has arrived, at most 16 KiB; empty at the end.
  func read() -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: 16_384) { buffer, count in
      guard isOpen.withLock({ $0 }) else { return }
      var received = recv(descriptor, buffer.baseAddress, buffer.count, 0)
      while received < 0, errno == EINTR { received = recv(descriptor, buffer.baseAddress, buffer.count, 0) }
      count = max(0, received)
    }
  }

  /// Sends all of it; `false` when the other side is gone.
  @discardableResult
  func write(_ bytes: [UInt8]) -> Bool {
    guard isOpen.withLock({ $0 }) else { return false }
    var rest = bytes[...]
    while !rest.isEmpty {
      #if canImport(Darwin)
        let flags: Int32 = 0
      #else
        let flags = Int32(MSG_NOSIGNAL)
      #endif
      let count = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, flags) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  /// Ends both directions, which wakes whoever reads; the descriptor stays until the last one lets go of this object.
  func shut() { shut(Int32(SHUT_RDWR)) }

  /// Ends what is sent from here; what arrives can still be read.
  func shutWriting() { shut(Int32(SHUT_WR)) }

  private func shut(_ how: Int32) {
    isOpen.withLock { isOpen in
      if isOpen { _ = shutdown(descriptor, how) }
    }
  }

  /// Resets the connection instead of ending it, and closes the descriptor: for whoever alone reads and writes here. Others may
  /// shut it at any time.
  func reset() {
    isOpen.withLock { isOpen in
      guard isOpen else { return }
      isOpen = false
      var option = linger(l_onoff: 1, l_linger: 0)
      setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
      close(descriptor)
    }
  }

  deinit {
    if isOpen.withLock({ $0 }) { close(descriptor) }
  }
}
