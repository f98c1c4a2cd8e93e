import TomboloPorts
import TomboloResilience

/// Each upstream has a pace of its own.
extension DeliveryGate {
  /// Beyond this many upstreams the further ones share a pace.
  static let paceCountMaximum = 256
  /// As an operation is told that an open breaker held back.
  static let breakerOpen = DeliveryFailure(
    .heldBack, "not sent: the circuit breaker is open, because the upstream keeps failing")

  mutating func withPace<Value>(_ upstream: String, _ body: (inout UpstreamPace) -> Value) -> Value {
    if let index = paces.index(of: upstream) { return paces.change(index, body) }
    let name = paces.count < Self.paceCountMaximum ? upstream : "…"
    let index = paces.index(of: name) ?? paces.add(name, UpstreamPace(recovery, concurrency: concurrency))
    return paces.change(index, body)
  }

  /// How many deliveries that are not critical this upstream may have under way.
  package mutating func limit(of upstream: String) -> Int { withPace(upstream) { $0.limit } }

  /// Whether the slow start, or what an overload left of the limit, keeps this upstream from getting one more. As many at once as the
  /// queue's own concurrency allows are no such case.
  func isPaced(_ upstream: String) -> Bool {
    guard let pace = paces[upstream] ?? (paces.count < Self.paceCountMaximum ? nil : paces["…"]) else { return false }
    return pace.room == 0 && pace.limit < concurrency
  }

  /// Takes a place at this upstream; `false` when it has none. Critical operations do not ask for one, and neither does what is
  /// to be told at once why it cannot start.
  package mutating func reserve(upstream: String, isUrgent: Bool, at now: Duration) -> Bool {
    let isResting = suspension(of: upstream, at: now) != nil
    return withPace(upstream) { pace in
      guard isUrgent || isResting || pace.breakerRest(at: now) != nil || pace.room > 0 else { return false }
      pace.reserve()
      return true
    }
  }

  /// Gives a place back.
  package mutating func release(upstream: String) { withPace(upstream) { $0.release() } }

  /// Asks to make an attempt. Whoever gets a pass gives it back with `left`, however the attempt ended.
  package mutating func enter(
    upstream: String, isRetry: Bool, at now: Duration
  ) -> Result<UpstreamPace.Pass, Refusal> {
    withPace(upstream) { pace in
      // Asked before: the breaker may begin to probe now, and then holds nothing back by itself.
      let rest = pace.breakerRest(at: now)
      guard let pass = pace.enter(upstream, isRetry: isRetry, at: now) else {
        return .failure(Refusal(rest: rest ?? Self.probeRest))
      }
      return .success(pass)
    }
  }

  /// An attempt ended.
  package mutating func left(_ pass: UpstreamPace.Pass, _ ending: UpstreamPace.Ending, at now: Duration) {
    withPace(pass.upstream) { $0.left(pass, ending, at: now) }
  }

  /// A breaker does not let an attempt through.
  package struct Refusal: Error {
    package let rest: Duration
  }

  /// How long a retry waits at least for its share of the upstream's budget.
  ///
  /// - Parameter waitMaximum: the longest backoff; what would wait longer comes at a random moment of its second half.
  package mutating func retryWait(
    upstream: String, at now: Duration, waitMaximum: Duration, random: inout some RandomNumberGenerator
  ) -> Duration {
    withPace(upstream) { $0.takeRetry(at: now, waitMaximum: waitMaximum) }
      ?? waitMaximum * Double.random(in: 0.5...1, using: &random)
  }
}
