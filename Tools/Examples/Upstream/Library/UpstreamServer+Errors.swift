import NIOCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension UpstreamServer {
  /// Says why the server cannot listen, and what to do.
  static func explain(_ error: IOError, host: String, port: Int) -> UpstreamError {
    UpstreamError(
      words(for: error.errnoCode, host: host, port: port) ?? "cannot listen on \(host):\(port): \(error)",
      isPortTaken: error.errnoCode == EADDRINUSE)
  }

  private static func words(for number: CInt, host: String, port: Int) -> String? {
    switch number {
    case EADDRINUSE: "port \(port) of \(host) is taken by another program; stop it, or choose another port (0 for any)"
    case EACCES: "port \(port) of \(host) may not be used by this user; choose one above 1023"
    case EADDRNOTAVAIL: "\(host) is no address of this machine"
    default: nil
    }
  }
}
