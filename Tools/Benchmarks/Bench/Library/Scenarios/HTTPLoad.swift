import Histogram

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// So many connections to a server on this machine; each sends its next request when the answer to the one before is there.
///
/// One thread and bare sockets, so that the client takes as little as possible from the machine it shares with the server.
final class HTTPLoad {
  private struct Connection {
    var answer: [UInt8] = []
    var sent = ContinuousClock.now
    var isWaiting = false
  }

  private let request: [UInt8]
  private var sockets: [pollfd] = []
  private var connections: [Connection] = []
  private var buffer = [UInt8](repeating: 0, count: 16 * 1_024)

  /// - Parameter body: JSON, sent again and again to `POST /v1/operations`.
  init(port: UInt16, connectionCount: Int, body: String) throws {
    let head = [
      "POST /v1/operations HTTP/1.1", "Host: 127.0.0.1:\(port)", "Content-Type: application/json",
      "Content-Length: \(body.utf8.count)", "", "",
    ]
    request = Array((head.joined(separator: "\r\n") + body).utf8)
    for _ in 0..<connectionCount {
      sockets.append(pollfd(fd: try Self.connected(to: port), events: Int16(POLLIN), revents: 0))
      connections.append(Connection())
    }
  }

  deinit { for socket in sockets { close(socket.fd) } }

  /// Sends so many requests and waits for their answers, each of which must be 202; notes how long each took, in nanoseconds.
  func run(_ count: Int, times: inout Histogram<UInt64>) throws {
    var (begun, ended) = (0, 0)
    for index in connections.indices where begun < count {
      try send(index)
      begun += 1
    }
    while ended < count {
      guard poll(&sockets, nfds_t(sockets.count), 600_000) > 0 else {
        throw BenchmarkError("the agent has not answered for ten minutes")
      }
      for index in sockets.indices where sockets[index].revents != 0 {
        guard try receive(index) else { continue }
        ended += 1
        times.record(UInt64(connections[index].sent.duration(to: .now) / .nanoseconds(1)))
        if begun < count {
          try send(index)
          begun += 1
        }
      }
    }
  }

  private func send(_ index: Int) throws {
    connections[index].answer.removeAll(keepingCapacity: true)
    connections[index].sent = .now
    connections[index].isWaiting = true
    // A request is far smaller than what the system holds for a socket that waits for an answer.
    guard write(sockets[index].fd, request, request.count) == request.count else {
      throw BenchmarkError("a request could not be sent: errno \(errno)")
    }
  }

  /// Takes what is there; answers whether the answer is complete.
  private func receive(_ index: Int) throws -> Bool {
    let count = read(sockets[index].fd, &buffer, buffer.count)
    guard count > 0, connections[index].isWaiting else {
      throw BenchmarkError("the agent closed a connection, or said what nobody asked")
    }
    connections[index].answer += buffer[..<count]
    guard let answer = HTTPAnswer(connections[index].answer) else { return false }
    guard answer.status == 202 else { throw BenchmarkError("the agent answered \(answer.status)") }
    connections[index].isWaiting = false
    return true
  }

  private static func connected(to port: UInt16) throws -> Int32 {
    #if canImport(Glibc)
      let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #else
      let file = socket(AF_INET, SOCK_STREAM, 0)
    #endif
    guard file >= 0 else { throw BenchmarkError("there is no socket: errno \(errno)") }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let result = withUnsafeBytes(of: &address) { bytes in
      bytes.withMemoryRebound(to: sockaddr.self) { connect(file, $0.baseAddress, socklen_t(bytes.count)) }
    }
    guard result == 0 else {
      close(file)
      throw BenchmarkError("port \(port) cannot be reached: errno \(errno)")
    }
    return file
  }
}
