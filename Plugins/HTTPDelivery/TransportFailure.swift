import AsyncHTTPClient
import NIOCore
import NIOPosix
import TomboloPorts

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Puts into words why there is no answer, and says what it means for the operation.
enum TransportFailure {
  /// - Parameter target: what was to be reached: `127.0.0.1:9000`.
  static func outcome(_ error: any Error, target: String, timeout: Duration) -> DeliveryOutcome {
    switch error {
    case let error as HTTPClientError: outcome(error, target: target, timeout: timeout)
    case let error as NIOConnectionError: retry(.unreachable, describe(error, target: target))
    case let error as IOError: retry(.unreachable, describe(error, target: target))
    default: unknown(error, target: target)
    }
  }

  private static func outcome(_ error: HTTPClientError, target: String, timeout: Duration) -> DeliveryOutcome {
    switch error {
    case .deadlineExceeded, .readTimeout, .writeTimeout:
      retry(.timeout, "\(target) did not answer within \(words(timeout)); it may or may not have acted")
    case .connectTimeout:
      retry(.unreachable, "no connection to \(target) came about in time")
    case .getConnectionFromPoolTimeout:
      retry(.unreachable, "no connection to \(target) became free in time: is connectionsMaximum too low?")
    case .tlsHandshakeTimeout:
      retry(.unreachable, "the TLS handshake with \(target) did not end in time")
    case .remoteConnectionClosed:
      retry(.unreachable, "\(target) closed the connection before it answered; it may or may not have acted")
    case .alreadyShutdown:
      .snooze(for: .seconds(1), DeliveryFailure(.unreachable, "this delivery was closed"))
    default: unknown(error, target: target)
    }
  }

  /// TLS refusals, protocol errors and whatever else the driver may throw. Its texts hold no payload, but may be long.
  private static func unknown(_ error: any Error, target: String) -> DeliveryOutcome {
    retry(.unreachable, "no answer from \(target): \(AnswerText.singleLine("\(error)"))")
  }

  private static func retry(_ code: DeliveryFailure.Code, _ message: String) -> DeliveryOutcome {
    .retry(after: nil, DeliveryFailure(code, message))
  }

  private static func describe(_ error: NIOConnectionError, target: String) -> String {
    if let failure = error.connectionErrors.first {
      guard let cause = failure.error as? IOError else {
        return "no connection to \(target): \(AnswerText.singleLine("\(failure.error)"))"
      }
      return describe(cause, target: target)
    }
    return "the name '\(error.host)' cannot be resolved to an address"
  }

  private static func describe(_ error: IOError, target: String) -> String {
    switch error.errnoCode {
    case ECONNREFUSED: "connection refused by \(target)"
    case ECONNRESET, EPIPE: "\(target) broke the connection before it answered; it may or may not have acted"
    case ENETUNREACH: "no route to the network of \(target)"
    case EHOSTUNREACH: "no route to \(target)"
    case ETIMEDOUT: "no connection to \(target) came about in time"
    default: "no connection to \(target): \(AnswerText.singleLine("\(error)"))"
    }
  }

  static func words(_ duration: Duration) -> String {
    let milliseconds = duration.wholeMilliseconds
    return milliseconds % 1_000 == 0 ? "\(milliseconds / 1_000)s" : "\(milliseconds)ms"
  }
}
