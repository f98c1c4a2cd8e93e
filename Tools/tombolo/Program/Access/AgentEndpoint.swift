import AsyncHTTPClient
import NIOCore
import NIOPosix
import TomboloComposition

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// How to reach the address that an agent listens on.
struct AgentEndpoint: Hashable, CustomStringConvertible {
  /// For people: `http://127.0.0.1:7117`, `unix:/run/tombolo.sock`.
  let description: String
  private let base: String

  init(_ listen: ListenAddress) {
    switch listen {
    case .tcp(let host, let port):
      // An agent that listens on every address is reached by this machine's own.
      let near = ["0.0.0.0": "127.0.0.1", "::": "::1"][host] ?? host
      description = "http://\(ListenAddress.tcp(host: near, port: port))"
      base = description
    case .unix(let path):
      description = "\(listen)"
      base = "http+unix://\(PercentEncoding.component(path))"
    }
  }

  func url(_ path: String) -> String { base + path }

  /// Whether an error means that nobody listens: a refused connection, a socket that is not there.
  static func isNobodyThere(_ error: any Error) -> Bool {
    guard let number = errorNumber(error) else { return false }
    return number == ECONNREFUSED || number == ENOENT
  }

  /// Why there was no answer, in words.
  static func reason(_ error: any Error) -> String {
    switch errorNumber(error) {
    case ECONNREFUSED?: return "the connection is refused"
    case ECONNRESET?, EPIPE?: return "it broke the connection; it may or may not have acted"
    case EACCES?: return "this user may not use the socket"
    case ENETUNREACH?, EHOSTUNREACH?: return "there is no route to it"
    default: break
    }
    switch error as? HTTPClientError {
    case .connectTimeout?: return "no connection in time"
    case .deadlineExceeded?, .readTimeout?: return "no answer in time; it may or may not have acted"
    case .remoteConnectionClosed?: return "it closed the connection; it may or may not have acted"
    default: return SafeText.line("\(error)", limit: 300)
    }
  }

  private static func errorNumber(_ error: any Error) -> Int32? {
    let cause = (error as? NIOConnectionError)?.connectionErrors.first?.error ?? error
    return (cause as? IOError)?.errnoCode
  }
}
