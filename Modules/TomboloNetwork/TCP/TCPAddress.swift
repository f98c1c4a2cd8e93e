/// A host and a port: `127.0.0.1:9000`, `[::1]:9000`, `sync.example.org:443`.
public struct TCPAddress: Hashable, Sendable {
  /// An IPv4 address, an IPv6 address without brackets, or a name to look up.
  public var host: String
  public var port: Int

  /// The address of `port` at `host`.
  public init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  /// Reads `host:port` and `[IPv6 address]:port`; `nil` when `text` is neither, or the port is not one.
  public init?(_ text: String) {
    guard let colon = text.lastIndex(of: ":") else { return nil }
    let digits = text[text.index(after: colon)...]
    guard let port = Int(digits), (1...65_535).contains(port), digits.allSatisfy(\.isNumber) else { return nil }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.contains(":") {
      return nil
    }
    guard !host.isEmpty else { return nil }
    self.init(host: String(host), port: port)
  }
}

extension TCPAddress: CustomStringConvertible {
  public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
