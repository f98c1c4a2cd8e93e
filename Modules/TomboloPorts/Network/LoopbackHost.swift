/// Tells hosts that are this machine itself by what they are called, without looking anything up.
package enum LoopbackHost {
  /// Whether `host`, an address without brackets or a name, means the loopback interface: `localhost` and names below it
  /// (RFC 6761, section 6.3), `127.0.0.0/8`, `::1` and the same as mapped addresses. A name that is only looked up to such an
  /// address is not recognised.
  package static func contains(_ host: String) -> Bool {
    let host = host.lowercased()
    let name = host.hasSuffix(".") ? String(host.dropLast()) : host
    if name == "localhost" || name.hasSuffix(".localhost") { return true }
    if host == "::1" || host == "0:0:0:0:0:0:0:1" { return true }
    return isLoopbackIPv4(host.hasPrefix("::ffff:") ? String(host.dropFirst("::ffff:".count)) : host)
  }

  private static func isLoopbackIPv4(_ text: String) -> Bool {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
  }
}
