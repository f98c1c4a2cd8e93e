private import Synchronization

/// Keeps calls below a rate: a token bucket.
///
/// **About.** Each call takes a token. The bucket holds as many as may be used at once and gets new ones steadily. Who finds
/// none waits for one, in the order of asking, when it comes within the permitted wait, and otherwise gets a
/// `ResilienceError` at once that says when to ask again.
///
/// **Usage.** One limiter for each thing that counts your calls:
///
///     let limiter = RateLimiter("geocoder", RateLimit(10, per: .seconds(1)), waitMaximum: .seconds(2))
///     let place = try await limiter.call { try await client.locate(address) }
///
/// **Defaults.** No waiting; a burst of one period's calls. The bucket is full at the beginning.
///
/// **Anti-patterns.** A limiter inside a retry loop without a backoff: the loop then turns at the speed of refusals. A long
/// permitted wait in front of people: they are better served by a refusal now. A limit on calls under way: that is a
/// bulkhead.
public final class RateLimiter<C: Clock>: Sendable where C.Duration == Duration {
  /// What the limiter guards, for messages.
  public let name: String
  /// The longest time a caller waits for a token.
  public let waitMaximum: Duration

  private let clock: C
  private let origin: C.Instant
  private let bucket: Mutex<TokenBucket>

  /// A limiter with a full bucket.
  public init(
    _ name: String, _ limit: RateLimit, waitMaximum: Duration = .zero, clock: C = ContinuousClock()
  ) {
    self.name = name
    self.waitMaximum = max(.zero, waitMaximum)
    self.clock = clock
    self.origin = clock.now
    self.bucket = Mutex(TokenBucket(limit))
  }

  /// Takes tokens, waiting for them within the permitted wait, or throws a `ResilienceError` at once. More tokens than
  /// the burst are never there.
  ///
  /// When the task is cancelled while it waits, `CancellationError` is thrown, and the tokens go back unless others already
  /// wait behind them.
  public func acquire(_ count: Int = 1) async throws {
    let start = clock.now
    let answer = bucket.withLock {
      $0.take(count, at: origin.duration(to: start), waitMaximum: waitMaximum)
    }
    switch answer {
    case .refused(let retryAfter):
      throw refusal(count, retryAfter: retryAfter)
    case .granted(let reservation):
      guard reservation.wait > .zero else { return }
      do {
        try await clock.sleep(until: start.advanced(by: reservation.wait), tolerance: nil)
      } catch {
        bucket.withLock { $0.giveBack(reservation) }
        throw error
      }
    }
  }

  /// Calls `body` once a token is there, or throws a `ResilienceError` without calling it. The token is used up however
  /// `body` ends: the call was made.
  public func call<T>(
    isolation: isolated (any Actor)? = #isolation,
    _ body: () async throws -> T
  ) async throws -> T {
    try await acquire()
    return try await body()
  }

  private func refusal(_ count: Int, retryAfter: Duration?) -> ResilienceError {
    guard let retryAfter else {
      return ResilienceError(
        .rateLimited, "\(name) is not called: \(count) tokens are more than its rate limiter ever holds")
    }
    return ResilienceError(
      .rateLimited, "\(name) is not called: its rate limit is reached; ask again in \(retryAfter)",
      retryAfter: retryAfter)
  }
}
