import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A TCP socket on the loopback interface, with blocking calls. Closed once, by whoever comes first.
final class LoopbackSocket: Sendable {
  struct Failure: Error, CustomStringConvertible {
    var description: String
    init(_ call: String) { description = "\(call) failed: \(String(cString: strerror(errno)))" }
  }

  private let descriptor: Int32
  private let isOpen = Mutex(true)

  private init(descriptor: Int32) { self.descriptor = descriptor }

  private static func make() throws -> LoopbackSocket {
    #if canImport(Darwin)
      let descriptor = socket(AF_INET, SOCK_STREAM, 0)
    #else
      let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #endif
    guard descriptor >= 0 else { throw Failure("socket") }
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
    guard withAddress(0, { bind(socket.descriptor, $0, $1) }).0 == 0, listen(socket.descriptor, 128) == 0 else {
      throw Failure("bind")
    }
    let (result, port) = withAddress(0) { getsockname(socket.descriptor, $0, &$1) }
    guard result == 0 else { throw Failure("getsockname") }
    return (socket, port)
  }

  static func connected(to port: UInt16) throws -> LoopbackSocket {
    let socket = try make()
    guard withAddress(port, { connect(socket.descriptor, $0, $1) }).0 == 0 else { throw Failure("connect") }
    return socket
  }

  /// The next connection; `nil` once the socket is shut.
  func accepted() -> LoopbackSocket? {
    let found = accept(descriptor, nil, nil)
    return found >= 0 ? LoopbackSocket(descriptor: found) : nil
  }

  /// What has arrived, at most 16 KiB; empty at the end.
  func read() -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: 16_384) { buffer, count in
      count = max(0, recv(descriptor, buffer.baseAddress, buffer.count, 0))
    }
  }

  /// Sends all of it; `false` when the other side is gone.
  @discardableResult
  func write(_ bytes: [UInt8]) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      #if canImport(Darwin)
        let flags: Int32 = 0
      #else
        let flags = Int32(MSG_NOSIGNAL)
      #endif
      let count = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, flags) }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  /// Ends both directions, which wakes whoever reads; the descriptor stays until the last one lets go of this object.
  func shut() { _ = shutdown(descriptor, Int32(SHUT_RDWR)) }

  /// Ends what is sent from here; what arrives can still be read.
  func shutWriting() { _ = shutdown(descriptor, Int32(SHUT_WR)) }

  /// Resets the connection instead of ending it.
  func reset() {
    var option = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    closeOnce()
  }

  private func closeOnce() {
    let isFirst = isOpen.withLock { isOpen in
      defer { isOpen = false }
      return isOpen
    }
    if isFirst { close(descriptor) }
  }

  deinit { closeOnce() }
}
