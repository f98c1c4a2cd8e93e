import GRPCNIOTransportHTTP2Posix
import TomboloPorts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A base URL that was checked, in the pieces that are needed of it.
struct UpstreamAddress: Sendable {
  /// Scheme, host and port, in lower case: `http://127.0.0.1:50051`.
  let origin: String
  /// Without the brackets of an IPv6 address.
  let host: String
  let port: Int
  let isEncrypted: Bool

  /// - Throws: `PluginOptionError`; the message never repeats the URL, which may hold credentials.
  init(_ text: String) throws {
    guard let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(), let host = parts.host,
      !host.isEmpty, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
    else { throw PluginOptionError("the base URL is no absolute URL; write it like http://127.0.0.1:50051") }
    guard scheme == "http" || scheme == "https" else {
      throw PluginOptionError("the base URL has the scheme '\(scheme)'; write http, or https for TLS")
    }
    guard parts.user == nil, parts.password == nil else {
      throw PluginOptionError("the base URL holds credentials, which would show up in logs; use bearerToken or headers")
    }
    guard parts.path.isEmpty || parts.path == "/", parts.query == nil, parts.fragment == nil else {
      throw PluginOptionError(
        "the base URL has a path, but a gRPC method is found by its service's name alone; remove everything after the port"
      )
    }
    self.host = host.lowercased().filter { $0 != "[" && $0 != "]" }
    isEncrypted = scheme == "https"
    port = parts.port ?? (isEncrypted ? 443 : 80)
    guard (1...65_535).contains(port) else {
      throw PluginOptionError("the base URL has the port \(port), which there is none of")
    }
    origin = "\(scheme)://\(host.lowercased())\(parts.port.map { ":\($0)" } ?? "")"
  }

  /// Host and port, for messages.
  var target: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

  /// Whether only programs on this machine answer there.
  var isLoopback: Bool {
    if host == "localhost" || host == "::1" { return true }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
  }

  /// What the driver connects to.
  var resolvable: any ResolvableTarget {
    if host.contains(":") { return .ipv6(address: host, port: port) }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    if parts.count == 4, parts.allSatisfy({ UInt8($0) != nil }) { return .ipv4(address: host, port: port) }
    return .dns(host: host, port: port)
  }
}
