/// A bucket that holds up to `burst` tokens and gets a new one every so often, without lock and clock.
///
/// Instead of a number of tokens it keeps the moment at which it will be full, which is exact: nothing is rounded, however
/// often it is asked (the generic cell rate algorithm, ITU-T I.371, in its virtual scheduling form).
package struct TokenBucket: Sendable {
  /// Tokens that were taken, perhaps before they are there.
  package struct Reservation: Hashable, Sendable {
    /// How long to wait until they are there.
    package let wait: Duration
    fileprivate let count: Int
    fileprivate let end: Duration
  }

  /// The answer to one who wants tokens.
  package enum Answer: Hashable, Sendable {
    case granted(Reservation)
    /// Asking again makes sense after this time; never, when `nil`.
    case refused(retryAfter: Duration?)
  }

  private let interval: Duration
  private let burst: Int
  private var fullAt = Duration.zero

  package init(_ limit: RateLimit) {
    interval = limit.tokenInterval
    burst = limit.burst
  }

  /// Takes tokens that are there now, or will be within `waitMaximum` after those that others wait for.
  package mutating func take(_ count: Int, at now: Duration, waitMaximum: Duration) -> Answer {
    guard count <= burst else { return .refused(retryAfter: nil) }
    let end = max(fullAt, now) + interval * max(0, count)
    let wait = max(.zero, end - now - interval * burst)
    guard wait <= waitMaximum else { return .refused(retryAfter: wait - waitMaximum) }
    fullAt = end
    return .granted(Reservation(wait: wait, count: max(0, count), end: end))
  }

  /// Puts tokens back that were not used. Nothing happens when others already wait behind them: moving those forward is not
  /// possible, and giving their tokens out twice would exceed the burst.
  package mutating func giveBack(_ reservation: Reservation) {
    guard fullAt == reservation.end else { return }
    fullAt -= interval * reservation.count
  }
}
