import GRPCCore
import TomboloPorts

/// Why a call brought no response.
enum CallFailure: Error {
  /// The upstream answered, with a status other than OK.
  case answered(RPCError)
  /// Our own limit ended before there was an answer.
  case deadlinePassed
  /// No connection came about, or it broke before an answer; with the reason in words.
  case unreachable(String)
  /// The delivery was closed.
  case closed

  /// An error that the client threw instead of making the call, or while it waited.
  init(thrown error: any Error) {
    switch error {
    case let failure as CallFailure: self = failure
    case let error as RPCError where error.code == .deadlineExceeded: self = .deadlinePassed
    case let error as RPCError: self = .unreachable(Self.words(error))
    case let error as RuntimeError where error.code == .clientIsStopped: self = .closed
    default: self = .unreachable(AnswerText.singleLine("\(error)"))
    }
  }

  /// A status that came instead of a response. The driver makes one up when the stream breaks; only one that was sent has
  /// trailers, or headers before it.
  ///
  /// - Parameter hasHeaders: Whether the upstream had begun to answer.
  init(_ error: RPCError, hasHeaders: Bool) {
    let isBroken = error.code == .unavailable && error.message.hasPrefix("Stream unexpectedly closed")
    let isOurs = error.metadata.isEmpty && (!hasHeaders || isBroken)
    self = isOurs ? .unreachable(Self.words(error)) : .answered(error)
  }

  /// The innermost reason, which is the one a person can act on.
  static func words(_ error: any Error) -> String {
    var reason = error
    // A chain of causes is short; the bound is only against one that bites its own tail.
    for _ in 0..<8 {
      guard let cause = (reason as? RPCError)?.cause ?? (reason as? RuntimeError)?.cause else { break }
      reason = cause
    }
    let text = (reason as? RPCError)?.message ?? (reason as? RuntimeError)?.message ?? "\(reason)"
    return AnswerText.singleLine(text)
  }
}
