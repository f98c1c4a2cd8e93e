import Testing
import TomboloResilience

@Suite("RateLimiter", .timeLimit(.minutes(5)))
struct RateLimiterTests {
  let clock = ManualClock()

  /// Two at once, then one a second.
  func limiter(waitMaximum: Duration = .zero) -> RateLimiter<ManualClock> {
    RateLimiter("geocoder", RateLimit(1, per: .seconds(1), burst: 2), waitMaximum: waitMaximum, clock: clock)
  }

  @Test("It lets the burst through, then refuses and says when to ask again; asking then succeeds")
  func burst() async throws {
    let limiter = limiter()
    try await limiter.call {}
    try await limiter.call {}
    clock.advance(by: .milliseconds(250))
    let error = await #expect(throws: ResilienceError.self) {
      try await limiter.call { Issue.record("the body was called") }
    }
    #expect(error?.code == .rateLimited)
    #expect(error?.retryAfter == .milliseconds(750))
    clock.advance(by: .milliseconds(750))
    try await limiter.call {}
    await #expect(throws: ResilienceError.self) { try await limiter.acquire() }
  }

  @Test("More tokens than the burst are refused for ever, and nothing is taken")
  func tooMany() async throws {
    let limiter = limiter(waitMaximum: .seconds(100))
    let error = await #expect(throws: ResilienceError.self) { try await limiter.acquire(3) }
    #expect(error?.retryAfter == nil)
    try await limiter.acquire(2)
  }

  @Test("Within the permitted wait a caller waits exactly until its token comes")
  func waits() async throws {
    let limiter = limiter(waitMaximum: .seconds(1))
    try await limiter.acquire(2)
    let waiter = Task { [clock] in
      try await limiter.acquire()
      return clock.now.offset
    }
    await clock.sleepers(1)
    // The next token is two seconds away: one more than this limiter waits.
    let error = await #expect(throws: ResilienceError.self) { try await limiter.acquire() }
    #expect(error?.retryAfter == .seconds(1))
    clock.advance(by: .seconds(1))
    #expect(try await waiter.value == .seconds(1))
  }

  @Test("A waiter that is cancelled puts its token back")
  func cancelled() async throws {
    let limiter = limiter(waitMaximum: .seconds(1))
    try await limiter.acquire(2)
    let waiter = Task { try await limiter.acquire() }
    await clock.sleepers(1)
    waiter.cancel()
    await #expect(throws: CancellationError.self) { try await waiter.value }
    clock.advance(by: .seconds(1))
    try await limiter.acquire()
    #expect(clock.now.offset == .seconds(1))
  }

  @Test("Limits that make no sense are moved to the nearest that do")
  func clamped() {
    let limit = RateLimit(0, per: .seconds(-1), burst: .max)
    #expect(limit.count == 1 && limit.period == .nanoseconds(1) && limit.burst == 1_000_000_000)
  }

  @Test("However it is asked, no stretch of time gets more than the burst and its rate", arguments: UInt64(1)...100)
  func model(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let burst = Int.random(in: 1...5, using: &random)
    let interval = Duration.milliseconds(Int.random(in: 1...900, using: &random))
    let waitMaximum = interval * Int.random(in: 0...3, using: &random)
    var bucket = TokenBucket(RateLimit(1, per: interval, burst: burst))
    var now = Duration.zero
    var grants: [(at: Duration, count: Int, reservation: TokenBucket.Reservation)] = []
    for _ in 0..<200 {
      now += .milliseconds(Int.random(in: 0...1_000, using: &random))
      let count = Int.random(in: 1...burst, using: &random)
      switch bucket.take(count, at: now, waitMaximum: waitMaximum) {
      case .refused(let retryAfter):
        guard let retryAfter else {
          Issue.record("seed \(seed): refused for ever")
          return
        }
        var later = bucket
        guard case .granted = later.take(count, at: now + retryAfter, waitMaximum: waitMaximum) else {
          Issue.record("seed \(seed): refused again at the time it named")
          return
        }
      case .granted(let reservation):
        #expect(reservation.wait <= waitMaximum, "seed \(seed)")
        grants.append((now + reservation.wait, count, reservation))
        // Somebody who still waits, not always the last, gives up.
        let waiting = grants.indices.filter { grants[$0].at > now }
        if let index = waiting.randomElement(using: &random), Bool.random(using: &random) {
          bucket.giveBack(grants.remove(at: index).reservation)
        }
      }
    }
    for first in grants.indices {
      var total = 0
      for grant in grants[first...] {
        total += grant.count
        let permitted = interval * burst + (grant.at - grants[first].at)
        #expect(interval * total <= permitted, "seed \(seed)")
      }
    }
  }
}
