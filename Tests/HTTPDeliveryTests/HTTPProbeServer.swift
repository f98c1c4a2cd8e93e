#if HTTP
  import Synchronization

  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Musl)
    import Musl
  #elseif canImport(Darwin)
    import Darwin
  #endif

  /// A real server on a free loopback port that gives every connection the same bytes and closes it.
  final class HTTPProbeServer: Sendable {
    /// Where it is.
    let url: String
    private let listener: Int32
    private let answer: String?
    private let isStopped = Atomic(false)

    /// Answers `answer` to every request, or with `nil` accepts and stays silent.
    init(answer: String?) throws {
      #if canImport(Darwin)
        let listener = socket(AF_INET, SOCK_STREAM, 0)
      #else
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      #endif
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
      var length = socklen_t(MemoryLayout<sockaddr_in>.size)
      let results = withUnsafeMutableBytes(of: &address) { bytes -> [Int32] in
        let pointer = bytes.assumingMemoryBound(to: sockaddr.self).baseAddress
        return [bind(listener, pointer, length), listen(listener, 16), getsockname(listener, pointer, &length)]
      }
      guard results == [0, 0, 0] else { throw SystemError(code: errno) }
      self.listener = listener
      self.answer = answer
      url = "http://127.0.0.1:\(UInt16(bigEndian: address.sin_port))/health"
      // Silence needs nobody: the system accepts connections by itself.
      if answer != nil { try startThread() }
    }

    struct SystemError: Error {
      var code: Int32
    }

    /// Ends the listener and, with it, its thread. The thread closes the descriptor, so that it never asks one that was
    /// closed meanwhile and belongs to another server already.
    func stop() {
      guard !isStopped.exchange(true, ordering: .acquiringAndReleasing) else { return }
      shutdown(listener, Int32(SHUT_RDWR))
      if answer == nil { close(listener) }
    }

    /// Safety: the pointer carries one strong reference, which the thread takes over.
    private func startThread() throws {
      let reference = Unmanaged.passRetained(self).toOpaque()
      #if canImport(Darwin)
        var thread: pthread_t?
        let error = pthread_create(&thread, nil, { Self.serve($0) }, reference)
        if error == 0, let thread { pthread_detach(thread) }
      #else
        var thread = pthread_t()
        let error = pthread_create(&thread, nil, { HTTPProbeServer.serve($0) }, reference)
        if error == 0 { pthread_detach(thread) }
      #endif
      guard error == 0 else {
        Unmanaged<HTTPProbeServer>.fromOpaque(reference).release()
        throw SystemError(code: error)
      }
    }

    private static func serve(_ reference: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
      guard let reference else { return nil }
      let server = Unmanaged<HTTPProbeServer>.fromOpaque(reference).takeRetainedValue()
      defer { close(server.listener) }
      while true {
        let connection = accept(server.listener, nil, nil)
        // Neither is an end: `stop` must find the listener open.
        if connection < 0, errno == EINTR || errno == ECONNABORTED { continue }
        guard connection >= 0 else { return nil }
        server.answer(connection)
      }
    }

    private func answer(_ connection: Int32) {
      defer {
        // A program that was started beside it may have the connection as well, and would keep it open.
        shutdown(connection, Int32(SHUT_RDWR))
        close(connection)
      }
      var request: [UInt8] = []
      var buffer = [UInt8](repeating: 0, count: 4_096)
      while !request.suffix(4).elementsEqual([13, 10, 13, 10]) {
        let count = read(connection, &buffer, buffer.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return }
        request += buffer[..<count]
      }
      let bytes = Array((answer ?? "").utf8)
      _ = send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }
  }
#endif
