import TomboloPorts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A base URL that was checked, in the pieces that are needed of it.
struct BaseURL: Sendable {
  /// Without a slash at the end, so that a path can be appended.
  let prefix: String
  /// Scheme, host and port, in lower case: `http://127.0.0.1:9000`.
  let origin: String
  /// Host and port, for messages.
  let target: String

  /// - Throws: `PluginOptionError`; the message never repeats the URL, which may hold credentials.
  init(_ text: String) throws {
    guard let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(), let host = parts.host,
      !host.isEmpty, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
    else { throw PluginOptionError("the base URL is no absolute URL; write it like http://127.0.0.1:9000") }
    guard scheme == "http" || scheme == "https" else {
      throw PluginOptionError("the base URL has the scheme '\(scheme)'; only http and https can be delivered to")
    }
    guard parts.user == nil, parts.password == nil else {
      throw PluginOptionError("the base URL holds credentials, which would show up in logs; use bearerToken or headers")
    }
    guard parts.query == nil, parts.fragment == nil else {
      throw PluginOptionError("the base URL has a query or a fragment, but paths are appended to it; remove it")
    }
    let port = parts.port
    prefix = text.last == "/" ? String(text.dropLast()) : text
    origin = "\(scheme)://\(host.lowercased())\(port.map { ":\($0)" } ?? "")"
    target = "\(host):\(port ?? (scheme == "https" ? 443 : 80))"
  }
}
