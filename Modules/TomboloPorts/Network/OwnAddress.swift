#if canImport(Glibc)
  private import Glibc
#elseif canImport(Musl)
  private import Musl
#elseif canImport(Darwin)
  private import Darwin
#endif

/// Tells hosts that are this machine itself, without looking a name up: `LoopbackHost`, and the addresses of its interfaces.
package enum OwnAddress {
  /// Whether `host`, an address without brackets or a name, is this machine. A name of it other than `localhost` is not
  /// recognised, nor is anything but loopback where the system does not tell its addresses.
  package static func contains(_ host: String) -> Bool {
    if LoopbackHost.contains(host) { return true }
    guard let wanted = bytes(of: host) else { return false }
    var first: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&first) == 0 else { return false }
    defer { freeifaddrs(first) }
    var next = first
    while let entry = next {
      if let address = entry.pointee.ifa_addr, bytes(of: address) == wanted { return true }
      next = entry.pointee.ifa_next
    }
    return false
  }

  private static func bytes(of host: String) -> [UInt8]? {
    var (four, six) = (in_addr(), in6_addr())
    if inet_pton(AF_INET, host, &four) == 1 { return withUnsafeBytes(of: four) { Array($0) } }
    if inet_pton(AF_INET6, host, &six) == 1 { return withUnsafeBytes(of: six) { Array($0) } }
    return nil
  }

  private static func bytes(of address: UnsafeMutablePointer<sockaddr>) -> [UInt8]? {
    let raw = UnsafeRawPointer(address)
    switch Int32(address.pointee.sa_family) {
    case AF_INET:
      return withUnsafeBytes(of: raw.loadUnaligned(as: sockaddr_in.self).sin_addr) { Array($0) }
    case AF_INET6:
      return withUnsafeBytes(of: raw.loadUnaligned(as: sockaddr_in6.self).sin6_addr) { Array($0) }
    default:
      return nil
    }
  }
}
