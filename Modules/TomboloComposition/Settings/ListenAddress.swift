/// Where the agent accepts requests.
public enum ListenAddress: Hashable, Sendable {
  /// An IPv6 address stands here without its brackets. Port 0 lets the system choose.
  case tcp(host: String, port: Int)
  /// A socket file.
  case unix(path: String)

  /// Reads `host:port`, `[v6]:port` or `unix:/path`; `nil` when it is none of them.
  public init?(_ text: String) {
    if text.hasPrefix("unix:") {
      let path = text.dropFirst("unix:".count)
      guard !path.isEmpty else { return nil }
      self = .unix(path: String(path))
      return
    }
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else { return nil }
    var host = text[..<colon]
    if host.first == "[", host.last == "]" {
      host = host.dropFirst().dropLast()
      guard host.contains(":") else { return nil }
    } else if host.contains(":") {
      return nil
    }
    guard !host.isEmpty, !host.contains(where: { $0.isWhitespace || "/[]".contains($0) }) else { return nil }
    self = .tcp(host: String(host), port: Int(port))
  }

  /// Whether only programs on this machine can reach it.
  public var isLoopback: Bool {
    switch self {
    case .unix: return true
    case .tcp(let host, _):
      if host.lowercased() == "localhost" || host == "::1" { return true }
      let parts = host.split(separator: ".", omittingEmptySubsequences: false)
      return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
  }
}

extension ListenAddress: CustomStringConvertible {
  /// As it is written in the config.
  public var description: String {
    switch self {
    case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    case .unix(let path): "unix:\(path)"
    }
  }
}
