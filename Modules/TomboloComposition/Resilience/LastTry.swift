import Synchronization
import TomboloPorts
import TomboloResilience

/// How the last try of an attempt stands, as the delivery itself tells. What a policy says at the end of an attempt is about
/// the policy; what becomes of the operation follows from this.
///
///     none ── began ──▶ underWay ── failed ──▶ failed      a further try begins again at underWay
///                          └── succeeded ──▶ succeeded
final class LastTry: Sendable {
  enum Standing: Sendable {
    /// The delivery was not called.
    case none
    /// It was called, and has not answered, or only because it was cancelled.
    case underWay
    /// It answered, or threw.
    case failed(FailedDelivery)
    case succeeded
  }

  private struct State {
    var standing = Standing.none
    /// Whether an earlier try, or this one, may have come to the upstream.
    var wasAsked = false
  }

  private let state = Mutex(State())

  var standing: Standing { state.withLock { $0.standing } }

  func began() { state.withLock { $0.standing = .underWay } }

  /// - Parameter isCancelled: the call was cancelled meanwhile, so that its failure says nothing about the upstream.
  func failed(_ failure: FailedDelivery, isCancelled: Bool) {
    state.withLock { state in
      state.standing = isCancelled ? .underWay : .failed(failure)
      if isCancelled || failure.failureClass != .cancelled { state.wasAsked = true }
    }
  }

  func succeeded() {
    state.withLock { state in
      state.standing = .succeeded
      state.wasAsked = true
    }
  }

  /// Whether the upstream may have been asked, by this try or an earlier one. Neither an attempt that was held back nor one that
  /// found the network gone from the start has anything to do with a budget of repetitions.
  var wasMade: Bool {
    state.withLock { state in
      if case .underWay = state.standing { return true }
      return state.wasAsked
    }
  }
}
