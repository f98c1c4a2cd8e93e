import NIOCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension AgentServerError {
  /// Why listening on `address` failed, in words that help.
  init(_ error: any Error, listeningOn address: AgentAddress) {
    let (code, reason) = Self.explain(error, address)
    self.init(code, "cannot listen on \(address): \(reason)", cause: error)
  }

  private static func explain(_ error: any Error, _ address: AgentAddress) -> (Code, String) {
    if let error = error as? IOError { return explain(error, address) }
    if error is SocketAddressError || error is SocketAddressError.UnknownHost, case .tcp(let host, _) = address {
      return (.invalidAddress, "\(host) is no name or address that can be resolved; use 127.0.0.1, for example")
    }
    return (.listenFailed, "\(error)")
  }

  private static func explain(_ error: IOError, _ address: AgentAddress) -> (Code, String) {
    switch (error.errnoCode, address) {
    case (EADDRINUSE, .tcp(_, let port)):
      (.addressInUse, "port \(port) is taken by another program; stop it, or choose another port (0 for any)")
    case (EADDRINUSE, .unix):
      (.addressInUse, "another program listens there; stop it, or choose another path")
    case (EACCES, .tcp), (EPERM, .tcp): (.notPermitted, "this user may not use the port; choose one above 1023")
    case (EACCES, .unix), (EPERM, .unix): (.notPermitted, "this user may not create files in its folder")
    case (EADDRNOTAVAIL, .tcp(let host, _)): (.addressUnavailable, "this machine has no address \(host)")
    case (ENOENT, .unix), (ENOTDIR, .unix): (.addressUnavailable, "its folder does not exist; create it first")
    default: (.listenFailed, "\(error)")
    }
  }
}
