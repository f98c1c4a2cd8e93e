import Testing
import TomboloResilience

@Suite("Backoff")
struct BackoffTests {
  /// The same numbers for every run: SplitMix64.
  private struct Generator: RandomNumberGenerator {
    var state: UInt64 = 42
    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var value = state
      value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
      value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
      return value ^ value >> 31
    }
  }

  @Test(
    "Exponential delays double from the initial one up to the maximum",
    arguments: zip([1, 2, 3, 4, 5, 6, 60], [1, 2, 4, 8, 10, 10, 10]))
  func exponential(attempt: Int, seconds: Int) {
    let backoff = Backoff.exponential(initial: .seconds(1), multiplier: 2, maximum: .seconds(10), jitter: .none)
    #expect(backoff.cappedDelay(afterAttempt: attempt) == .seconds(seconds))
  }

  @Test("Linear delays grow by the increment up to the maximum", arguments: zip([1, 2, 3, 9], [1, 3, 5, 6]))
  func linear(attempt: Int, seconds: Int) {
    let backoff = Backoff.linear(initial: .seconds(1), increment: .seconds(2), maximum: .seconds(6), jitter: .none)
    #expect(backoff.cappedDelay(afterAttempt: attempt) == .seconds(seconds))
  }

  @Test("A constant delay stays", arguments: [1, 2, 100])
  func constant(attempt: Int) {
    #expect(Backoff.constant(.seconds(3)).cappedDelay(afterAttempt: attempt) == .seconds(3))
  }

  @Test("No number of attempts, however large or wrong, overflows", arguments: [Int.min, -1, 0, 1, 1_000_000, .max])
  func overflow(attempt: Int) {
    var random = Generator()
    for jitter in Backoff.Jitter.allCases {
      let strategies = [
        Backoff.exponential(multiplier: 10, jitter: jitter), .constant(.seconds(300), jitter: jitter),
        .linear(initial: .seconds(1), increment: .seconds(86_400), maximum: .seconds(300), jitter: jitter),
      ]
      for backoff in strategies {
        let delay = backoff.delay(afterAttempt: attempt, using: &random)
        #expect(delay >= .zero && delay <= .seconds(300))
      }
    }
    let exponential = Backoff.exponential(jitter: .none)
    if attempt >= 1_000_000 { #expect(exponential.cappedDelay(afterAttempt: attempt) == .seconds(300)) }
  }

  @Test("An initial delay of nothing stays nothing, whatever the number of attempts", arguments: [1, 100, 1_000_000])
  func zeroInitial(attempt: Int) {
    let backoff = Backoff.exponential(initial: .zero, jitter: .none)
    #expect(backoff.cappedDelay(afterAttempt: attempt) == .zero)
  }

  @Test("A multiplier below one does not shrink the delay")
  func shrinking() {
    let backoff = Backoff.exponential(initial: .seconds(4), multiplier: 0.1, maximum: .seconds(10), jitter: .none)
    #expect(backoff.cappedDelay(afterAttempt: 9) == .seconds(4))
  }

  @Test(
    "At the cap, jittered delays spread evenly over their range and never beyond the cap",
    arguments: [(Backoff.Jitter.full, 0.0), (.equal, 5.0)])
  func distribution(jitter: Backoff.Jitter, lowest: Double) async {
    let backoff = Backoff.exponential(initial: .seconds(1), multiplier: 2, maximum: .seconds(10), jitter: jitter)
    var random = Generator()
    var buckets = [Int](repeating: 0, count: 10)
    let count = 20_000
    for number in 0..<count {
      // Other tests want the thread, too.
      if number.isMultiple(of: 500) { await Task.yield() }
      let delay = backoff.delay(afterAttempt: 30, using: &random)
      #expect(delay <= .seconds(10))
      let seconds = Double(delay.components.seconds) + Double(delay.components.attoseconds) / 1e18
      #expect(seconds >= lowest)
      buckets[min(9, Int((seconds - lowest) / (10 - lowest) * 10))] += 1
    }
    for bucket in buckets { #expect(abs(bucket - count / 10) < count / 100) }
  }

  @Test("Without jitter the delay is exact")
  func exact() {
    var random = Generator()
    let backoff = Backoff.exponential(initial: .milliseconds(500), jitter: .none)
    #expect(backoff.delay(afterAttempt: 3, using: &random) == .seconds(2))
  }
}
