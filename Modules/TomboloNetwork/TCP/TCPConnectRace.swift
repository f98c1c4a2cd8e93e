#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Connects to all addresses of a host side by side, with non-blocking sockets and `poll`.
final class TCPConnectRace {
  /// No more addresses of one name are tried.
  private static let addressCountMaximum = 8

  private let address: TCPAddress
  private var sockets: [Int32] = []
  /// A connection that came about while it was asked for, as loopback connections may.
  private var isConnected = false
  private var firstError: Int32?

  /// Looks the host up, which may block, and begins to connect to each of its addresses.
  init(_ address: TCPAddress) throws(TCPConnectError) {
    self.address = address
    var hints = addrinfo()
    #if canImport(Darwin)
      hints.ai_socktype = SOCK_STREAM
    #else
      hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    #endif
    hints.ai_flags = AI_NUMERICSERV
    var list: UnsafeMutablePointer<addrinfo>?
    let failure = getaddrinfo(address.host, String(address.port), &hints, &list)
    guard failure == 0 else {
      throw TCPConnectError(message: "cannot look up \(address.host): \(String(cString: gai_strerror(failure)))")
    }
    defer { freeaddrinfo(list) }
    var next = list
    while let info = next?.pointee, sockets.count < Self.addressCountMaximum, !isConnected {
      begin(info)
      next = info.ai_next
    }
  }

  deinit {
    for socket in sockets { close(socket) }
  }

  /// True once one connection came about, false when `wake` became readable first; throws when all failed.
  func run(until wake: Int32) throws(TCPConnectError) -> Bool {
    while !isConnected {
      guard !sockets.isEmpty else { throw failure }
      var polled = sockets.map { pollfd(fd: $0, events: Int16(POLLOUT), revents: 0) }
      polled.append(pollfd(fd: wake, events: Int16(POLLIN), revents: 0))
      // Without a limit of its own: the owner's time limit wakes it, and the system gives up connecting some day.
      guard poll(&polled, nfds_t(polled.count), -1) >= 0 else {
        if errno == EINTR { continue }
        throw TCPConnectError(message: "cannot wait for \(address): \(systemMessage(errno))")
      }
      if polled.removeLast().revents != 0 { return false }
      for entry in polled where entry.revents != 0 { settle(entry.fd) }
    }
    return true
  }

  private func begin(_ info: addrinfo) {
    #if os(Linux)
      // At once, so that no program that is started meanwhile inherits it; the flags of open(2) are those of socket(2) there.
      let descriptor = socket(info.ai_family, info.ai_socktype | O_CLOEXEC | O_NONBLOCK, info.ai_protocol)
      guard descriptor >= 0 else { return note(errno) }
    #else
      let descriptor = socket(info.ai_family, info.ai_socktype, info.ai_protocol)
      guard descriptor >= 0 else { return note(errno) }
      _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
      _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    #endif
    sockets.append(descriptor)
    if connect(descriptor, info.ai_addr, info.ai_addrlen) == 0 {
      settle(descriptor)
    } else if errno != EINPROGRESS {
      note(errno)
      drop(descriptor)
    }
  }

  /// Takes in what became of one connection.
  private func settle(_ descriptor: Int32) {
    var error: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    if getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length) != 0 { error = errno }
    if error == 0, isSelfConnected(descriptor) {
      abortOnClose(descriptor)
      error = ECONNREFUSED
    }
    if error == 0 {
      isConnected = true
    } else {
      note(error)
      drop(descriptor)
    }
  }

  /// Frees the port at once when the socket is closed: the real listener must be able to come back to it.
  private func abortOnClose(_ descriptor: Int32) {
    var abort = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &abort, socklen_t(MemoryLayout<linger>.size))
  }

  private func drop(_ descriptor: Int32) {
    close(descriptor)
    sockets.removeAll { $0 == descriptor }
  }

  private func note(_ error: Int32) {
    if firstError == nil { firstError = error }
  }

  private var failure: TCPConnectError {
    switch firstError {
    case ECONNREFUSED: TCPConnectError(message: "connection refused by \(address)")
    case ETIMEDOUT: TCPConnectError(message: "no answer from \(address)")
    case ENETUNREACH, EHOSTUNREACH: TCPConnectError(message: "no route to \(address)")
    case let error?: TCPConnectError(message: "cannot connect to \(address): \(systemMessage(error))")
    case nil: TCPConnectError(message: "\(address.host) has no address")
    }
  }
}
