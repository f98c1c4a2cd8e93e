import TomboloPorts
import TomboloResilience

/// Each upstream has a pace of its own.
extension DeliveryGate {
  /// Beyond this many upstreams the further ones share a pace.
  static let paceCountMaximum = 256
  /// As an operation is told that an open breaker held back.
  static let breakerOpen = DeliveryFailure(
    .heldBack, "not sent: the circuit breaker is open, because the upstream keeps failing")

  private func name(_ upstream: String) -> String {
    paces[upstream] != nil || paces.count < Self.paceCountMaximum ? upstream : "…"
  }

  mutating func withPace<Value>(_ upstream: String, _ body: (inout UpstreamPace) -> Value) -> Value {
    body(&paces[name(upstream), default: UpstreamPace(recovery, concurrency: concurrency)])
  }

  /// How many deliveries that are not critical this upstream may have under way.
  package mutating func limit(of upstream: String) -> Int { withPace(upstream) { $0.limit } }

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
    let rest = paces[upstream]?.breakerRest(at: now) ?? Self.probeRest
    guard let pass = withPace(upstream, { $0.enter(upstream, isRetry: isRetry, at: now) }) else {
      return .failure(Refusal(rest: rest))
    }
    return .success(pass)
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
