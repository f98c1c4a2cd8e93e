import Testing
import TomboloPorts
import TomboloResilience
import TomboloTesting

@testable import TomboloQueue

@Suite("The pace of one upstream")
struct UpstreamPaceTests {
  private static func pace(
    concurrency: Int = 16, _ configure: (inout RecoveryConfiguration) -> Void = { _ in }
  ) -> UpstreamPace {
    var recovery = RecoveryConfiguration()
    recovery.decreaseFactor = 0.5
    configure(&recovery)
    return UpstreamPace(recovery, concurrency: concurrency)
  }

  private static func enter(_ pace: inout UpstreamPace, at now: Duration) throws -> UpstreamPace.Pass {
    let pass = pace.enter("u", isRetry: false, at: now)
    return try #require(pass)
  }

  /// As many attempts as may be under way, all of which end alike.
  private func round(_ pace: inout UpstreamPace, _ ending: UpstreamPace.Ending, at now: Duration) throws {
    let count = pace.limit
    var passes: [UpstreamPace.Pass] = []
    for _ in 0..<count {
      pace.reserve()
      passes.append(try Self.enter(&pace, at: now))
    }
    for pass in passes {
      if ending == .judged { pace.judged() }
      pace.left(pass, ending, at: now + .milliseconds(500))
      pace.release()
    }
  }

  @Test("It starts slowly and doubles; overload halves it once a round; from then on it grows by about one a round")
  func additiveIncrease() throws {
    var pace = Self.pace()
    var limits: [Int] = []
    let rounds: [UpstreamPace.Ending] = [
      .judged, .judged, .judged, .throttled, .judged, .judged, .judged, .lost, .judged,
    ]
    for (second, ending) in rounds.enumerated() {
      limits.append(pace.limit)
      try round(&pace, ending, at: .seconds(second))
    }
    #expect(limits == [1, 2, 4, 8, 4, 4, 5, 5, 2])
  }

  @Test("After an outage it starts slowly again, up to the limit that it had found out")
  func restart() throws {
    var pace = Self.pace()
    for (second, ending) in [UpstreamPace.Ending.judged, .judged, .judged, .throttled].enumerated() {
      try round(&pace, ending, at: .seconds(second))
    }
    pace.restart()
    var limits: [Int] = []
    for second in 4..<8 {
      limits.append(pace.limit)
      try round(&pace, .judged, at: .seconds(second))
    }
    #expect(limits == [1, 2, 4, 4])
  }

  @Test(
    "Failures that tell nothing of load leave the limit alone", arguments: [UpstreamPace.Ending.failed, .unrelated])
  func unrelated(ending: UpstreamPace.Ending) throws {
    var pace = Self.pace { $0.circuitBreaker = nil }
    for second in 0..<3 { try round(&pace, .judged, at: .seconds(second)) }
    let before = pace.limit
    try round(&pace, ending, at: .seconds(9))
    #expect(pace.limit == before)
  }

  @Test(
    "The breaker opens when nearly everything fails, lets a single probe through, and believes it",
    arguments: [UpstreamPace.Ending.failed, .lost], [true, false])
  func breaker(ending: UpstreamPace.Ending, isWell: Bool) throws {
    var pace = Self.pace()
    for number in 0..<20 {
      let pass = try Self.enter(&pace, at: .seconds(number))
      pace.left(pass, ending, at: .seconds(number))
    }
    #expect(pace.enter("u", isRetry: false, at: .seconds(20)) == nil)
    #expect(pace.breakerRest(at: .seconds(20)) == .seconds(14))
    let probe = try Self.enter(&pace, at: .seconds(34))
    #expect(pace.enter("u", isRetry: false, at: .seconds(34)) == nil)
    pace.left(probe, isWell ? .judged : ending, at: .seconds(35))
    #expect((pace.enter("u", isRetry: false, at: .seconds(35)) != nil) == isWell)
  }

  @Test(
    "Asking for less, and answers of a handler's own, are no outage",
    arguments: [UpstreamPace.Ending.throttled, .unrelated])
  func noOutage(ending: UpstreamPace.Ending) throws {
    var pace = Self.pace()
    for number in 0..<200 {
      let pass = try Self.enter(&pace, at: .seconds(number))
      pace.left(pass, ending, at: .seconds(number))
    }
  }

  @Test("A network that came back lets an open breaker probe at once")
  func probeOnReturn() throws {
    var pace = Self.pace()
    for number in 0..<20 {
      let pass = try Self.enter(&pace, at: .seconds(number))
      pace.left(pass, .lost, at: .seconds(number))
    }
    pace.restart()
    #expect(pace.breakerRest(at: .seconds(20)) == nil)
    #expect(pace.enter("u", isRetry: true, at: .seconds(20)) != nil)
    #expect(pace.enter("u", isRetry: true, at: .seconds(20)) == nil)
  }

  @Test("Retries take their share before they wait, so that those asleep count; first attempts pay it in")
  func budget() {
    var pace = Self.pace {
      $0.retryBudget = RetryBudget("u", ratio: 0.5, perSecondMinimum: 2, savedMaximum: 10)
    }
    func waits(_ count: Int, at now: Duration) -> [Duration?] {
      (0..<count).map { _ in
        pace.takeRetry(at: now, waitMaximum: .seconds(2)).map { .milliseconds(Int(($0 / .milliseconds(1)).rounded())) }
      }
    }
    #expect(waits(4, at: .zero) == [.zero, .zero, .milliseconds(500), .seconds(1)])
    #expect(waits(4, at: .zero) == [.milliseconds(1500), .seconds(2), nil, nil])
    #expect(waits(2, at: .seconds(1)) == [.milliseconds(1500), .seconds(2)])
    for _ in 0..<8 { _ = pace.enter("u", isRetry: false, at: .seconds(1)) }
    #expect(waits(1, at: .seconds(1)) == [.milliseconds(500)])
    for _ in 0..<8 { _ = pace.enter("u", isRetry: true, at: .seconds(1)) }
    #expect(waits(1, at: .seconds(1)) == [.seconds(1)])
  }

  @Test("Other limits are taken in while deliveries are under way, and no pass of an earlier breaker counts")
  func reconfigure() throws {
    var pace = Self.pace()
    for second in 0..<6 { try round(&pace, .judged, at: .seconds(second)) }
    #expect(pace.limit == 16)
    pace.reserve()
    let pass = try Self.enter(&pace, at: .seconds(9))
    var other = RecoveryConfiguration()
    other.circuitBreaker = CircuitBreakerConfiguration(failureRatio: 1, callCountMinimum: 1, window: .count(1))
    pace.reconfigure(other, concurrency: 4)
    #expect(pace.limit == 4 && pace.room == 3)
    pace.left(pass, .failed, at: .seconds(10))
    #expect(pace.enter("u", isRetry: false, at: .seconds(10)) != nil)
  }
}
