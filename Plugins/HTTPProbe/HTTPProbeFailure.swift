#if HTTP
  import AsyncHTTPClient
  import NIOCore
  import NIOPosix

  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Musl)
    import Musl
  #elseif canImport(Darwin)
    import Darwin
  #endif

  /// Why no answer came, in words for a person.
  struct HTTPProbeFailure {
    let detail: String

    init(_ error: any Error, url: String) {
      let cause = Self.cause(error)
      detail =
        switch (cause as? IOError)?.errnoCode {
        case ECONNREFUSED: "connection refused by \(url)"
        case ECONNRESET, EPIPE: "connection to \(url) reset"
        case ENETUNREACH, EHOSTUNREACH: "no route to \(url)"
        case ETIMEDOUT: "no answer from \(url)"
        default: Self.words(cause, url)
        }
    }

    /// What made the first of several connections fail, or the look-up of the name.
    private static func cause(_ error: any Error) -> any Error {
      guard let error = error as? NIOConnectionError else { return error }
      return error.connectionErrors.first?.error ?? error.dnsAError ?? error.dnsAAAAError ?? error
    }

    private static func words(_ error: any Error, _ url: String) -> String {
      switch error as? HTTPClientError {
      case .remoteConnectionClosed?: "\(url) closed the connection without an answer"
      case .connectTimeout?: "no connection to \(url) in time"
      case .cancelled?: "the check of \(url) was cancelled"
      default: "no answer from \(url): \(error)"
      }
    }
  }
#endif
