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

  private let state = Mutex(Standing.none)

  var standing: Standing { state.withLock { $0 } }

  func began() { state.withLock { $0 = .underWay } }

  /// - Parameter isCancelled: the call was cancelled meanwhile, so that its failure says nothing about the upstream.
  func failed(_ failure: FailedDelivery, isCancelled: Bool) {
    state.withLock { $0 = isCancelled ? .underWay : .failed(failure) }
  }

  func succeeded() { state.withLock { $0 = .succeeded } }

  /// Whether the upstream may have been asked. Neither an attempt that was held back nor one that found the network gone has
  /// anything to do with a budget of repetitions.
  var wasMade: Bool {
    switch standing {
    case .none: false
    case .underWay, .succeeded: true
    case .failed(let failure): failure.failureClass != .cancelled
    }
  }
}
