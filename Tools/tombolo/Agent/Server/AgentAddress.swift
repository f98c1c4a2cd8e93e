/// Where the agent listens.
public enum AgentAddress: Hashable, Sendable {
  /// A host name or address of this machine, and a port; port 0 stands for any that is free.
  case tcp(host: String, port: Int)
  /// A socket file. Who may write to the file may talk to the agent.
  case unix(path: String)

  /// Reads `127.0.0.1:7117`, `[::1]:7117`, `localhost:0` or `unix:/run/tombolo.sock`.
  ///
  /// - Throws: `AgentServerError` with `invalidAddress` that says what is wrong with the text.
  public init(_ text: String) throws(AgentServerError) {
    if text.hasPrefix("unix:") {
      self = .unix(path: String(text.dropFirst(5)))
    } else {
      let authority = Authority(text)
      guard let port = authority.port, !authority.name.isEmpty else {
        throw AgentServerError(
          .invalidAddress, "\(text) is no address to listen on: write HOST:PORT, [IPv6]:PORT or unix:/PATH")
      }
      self = .tcp(host: authority.name, port: port)
    }
    try validate()
  }

  /// Whether only this machine can reach it.
  public var isLoopback: Bool {
    switch self {
    case .unix: true
    case .tcp(let host, _): Authority.isLoopback(host)
    }
  }

  func validate() throws(AgentServerError) {
    switch self {
    case .tcp(let host, let port):
      guard (0...65_535).contains(port) else {
        throw AgentServerError(.invalidAddress, "\(port) is no port: give 1 to 65535, or 0 for any that is free")
      }
      guard !host.isEmpty else {
        throw AgentServerError(.invalidAddress, "the host to listen on is empty: give an address, such as 127.0.0.1")
      }
    case .unix(let path):
      guard !path.isEmpty else {
        throw AgentServerError(.invalidAddress, "the path of the socket is empty: write unix:/PATH")
      }
      // What `sockaddr_un` holds on Linux and, 4 bytes less, on Apple's systems, its last byte being zero.
      guard path.utf8.count <= 103 else {
        throw AgentServerError(
          .invalidAddress,
          "the path of the socket, \(path), has \(path.utf8.count) bytes, and systems allow 103: choose a shorter one")
      }
    }
  }
}

extension AgentAddress: CustomStringConvertible {
  /// A URL for TCP (`http://127.0.0.1:7117`, `http://[::1]:7117`), `unix:/PATH` for a socket file.
  public var description: String {
    switch self {
    case .tcp(let host, let port): "http://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    case .unix(let path): "unix:\(path)"
    }
  }
}
