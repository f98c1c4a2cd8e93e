#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Whether a connected TCP socket is connected to itself.
///
/// When nobody listens on a local port, the system may choose that very port for the outgoing end, and the socket connects
/// to itself (TCP simultaneous open, RFC 9293, section 3.5). Nobody is there, however well it looks.
package func isSelfConnected(_ descriptor: Int32) -> Bool {
  guard let local = socketAddress(descriptor, getsockname) else { return false }
  return local == socketAddress(descriptor, getpeername)
}

/// The bytes of one end's address.
private func socketAddress(
  _ descriptor: Int32,
  _ read: (Int32, UnsafeMutablePointer<sockaddr>?, UnsafeMutablePointer<socklen_t>?) -> Int32
) -> [UInt8]? {
  var storage = sockaddr_storage()
  return withUnsafeMutableBytes(of: &storage) { bytes -> [UInt8]? in
    var length = socklen_t(bytes.count)
    guard read(descriptor, bytes.assumingMemoryBound(to: sockaddr.self).baseAddress, &length) == 0 else { return nil }
    return Array(bytes.prefix(Int(length)))
  }
}
