#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The file of a Unix domain socket. A process that stops takes it along; one that was killed leaves it in the way of the
/// next.
struct UnixSocketFile {
  let path: String

  /// Removes the file when nobody listens on it any more.
  ///
  /// - Throws: `AgentServerError` when a living program listens there, or the file is something else.
  func removeIfStale() throws(AgentServerError) {
    var information = stat()
    guard lstat(path, &information) == 0 else { return }
    guard information.st_mode & S_IFMT == S_IFSOCK else {
      throw AgentServerError(
        .addressUnavailable, "cannot listen on unix:\(path): there is a file that is no socket; choose another path")
    }
    switch connectionErrorNumber() {
    case ECONNREFUSED: remove()
    case ENOENT: return
    // Whatever else happens, including a full backlog: somebody has it open.
    default:
      throw AgentServerError(
        .addressInUse, "cannot listen on unix:\(path): another program listens there; stop it, or choose another path")
    }
  }

  /// Removes the file. One that is gone already is as good.
  func remove() {
    unlink(path)
  }

  /// Tries to connect, without waiting: 0, or the reason it failed.
  private func connectionErrorNumber() -> Int32 {
    #if canImport(Darwin)
      let descriptor = socket(AF_UNIX, SOCK_STREAM, 0)
    #elseif canImport(Musl)
      let descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)
    #else
      let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
      let descriptor = socket(AF_UNIX, kind, 0)
    #endif
    guard descriptor >= 0 else { return errno }
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    // The path fits: the configuration was validated.
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    return result == 0 ? 0 : errno
  }
}
