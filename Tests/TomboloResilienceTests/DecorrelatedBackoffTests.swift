import Testing
import TomboloResilience

@Suite("Decorrelated backoff")
struct DecorrelatedBackoffTests {
  let backoff = Backoff.decorrelated(initial: .seconds(1), maximum: .seconds(20))

  @Test(
    "Each delay lies between the initial one and three times the one before, inside the maximum", arguments: [1, 2, 3])
  func range(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var previous: Duration?
    for attempt in 1...10_000 {
      let delay = backoff.delay(afterAttempt: attempt, previous: previous, using: &random)
      #expect(delay >= .seconds(1) && delay <= min(.seconds(20), (previous ?? .seconds(1)) * 3), "seed \(seed)")
      previous = delay
    }
  }

  @Test("At the cap delays are spread over the range instead of gathering at its end")
  func spread() {
    var random = SplitMix64(seed: 4)
    let delays = (0..<10_000).map { _ in
      backoff.delay(afterAttempt: 9, previous: .seconds(20), using: &random)
    }
    for lowest in [1.0, 5.75, 10.5, 15.25] {
      let share = delays.count { $0 >= .seconds(lowest) && $0 < .seconds(lowest + 4.75) }
      #expect((2_300...2_700).contains(share))
    }
    #expect(delays.count { $0 == .seconds(20) } < 5)
  }

  @Test("No attempt number overflows, and nothing stays nothing", arguments: [1, 100, Int.max])
  func overflow(attempt: Int) {
    var random = SplitMix64(seed: 5)
    #expect(backoff.delay(afterAttempt: attempt, using: &random) <= .seconds(20))
    let none = Backoff.decorrelated(initial: .zero, maximum: .seconds(20))
    #expect(none.delay(afterAttempt: attempt, using: &random) == .zero)
  }
}
