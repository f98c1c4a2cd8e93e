/// A rate limiter as part of a pipeline. See `RateLimiter` for what it does.
///
/// **Usage.** `RateLimiting("geocoder", RateLimit(10, per: .seconds(1)), waitMaximum: .seconds(2))`. **Telemetry.** `refused`.
public struct RateLimiting: ResiliencePolicy, Hashable {
  /// The bucket is shared by every pipeline of the environment with a rate limit of this name.
  public var name: String
  /// Calls a period, and at once.
  public var limit: RateLimit
  /// The longest time a call waits for its token.
  public var waitMaximum: Duration

  /// A rate limit; without `waitMaximum` nobody waits.
  public init(_ name: String, _ limit: RateLimit, waitMaximum: Duration = .zero) {
    self.name = name
    self.limit = limit
    self.waitMaximum = max(.zero, waitMaximum)
  }

  /// Name and rate.
  public var summaries: [PolicySummary] {
    [PolicySummary(.rateLimit, "\(name), \(limit.count) per \(limit.period), burst: \(limit.burst)")]
  }

  /// Finds the bucket by its name.
  public func bind(to environment: ResilienceEnvironment, pipeline: String) -> BoundRateLimiting {
    let limiter = environment.states.state("rateLimit", name, self) {
      RateLimiter(name, limit, waitMaximum: waitMaximum, clock: environment.clock)
    }
    return BoundRateLimiting(limiter: limiter, environment: environment, pipeline: pipeline)
  }
}

/// A rate limit with its bucket.
public struct BoundRateLimiting: SequentialPolicy {
  let limiter: RateLimiter<ResilienceClock>
  let environment: ResilienceEnvironment
  let pipeline: String

  /// Runs `body` once there is a token.
  public func run<T>(
    _ attempt: ResilienceAttempt, isolation: isolated (any Actor)?,
    _ body: (ResilienceAttempt) async throws -> T
  ) async throws -> T {
    do {
      try await limiter.acquire()
    } catch {
      if let refusal = error as? ResilienceError {
        environment.tell(.refused(refusal.code), policy: limiter.name, pipeline: pipeline)
      }
      throw error
    }
    return try await body(attempt)
  }
}
