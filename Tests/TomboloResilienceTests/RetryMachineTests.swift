import Testing
import TomboloResilience

@Suite("RetryMachine")
struct RetryMachineTests {
  static let second = Duration.seconds(1)

  @Test(
    "Each failure class leads to its decision",
    arguments: [
      (FailureClass.transient, false, RetryMachine.Decision.retry(after: second)),
      (.throttled(retryAfter: nil), false, .retry(after: second)),
      (.throttled(retryAfter: .milliseconds(1)), false, .retry(after: second)),
      (.throttled(retryAfter: .seconds(9)), false, .retry(after: .seconds(9))),
      (.throttled(retryAfter: .seconds(11)), false, .stop(.retryAfterTooLong)),
      (.permanent, true, .rethrow),
      (.cancelled, true, .rethrow),
      (.outcomeUnknown, false, .stop(.outcomeUnknown)),
      (.outcomeUnknown, true, .retry(after: second)),
    ])
  func table(failure: FailureClass, isIdempotent: Bool, decision: RetryMachine.Decision) {
    var machine = RetryMachine(attempts: 3, retryAfterMaximum: .seconds(10))
    #expect(decide(&machine, 1, failure, isIdempotent: isIdempotent) == decision)
  }

  @Test("The last permitted attempt ends it")
  func exhausted() {
    var machine = RetryMachine(attempts: 2, retryAfterMaximum: .zero)
    #expect(decide(&machine, 1, .transient) == .retry(after: Self.second))
    #expect(decide(&machine, 2, .transient) == .stop(.attemptsExhausted))
  }

  @Test("A retry of one attempt adds nothing to the error")
  func single() {
    var machine = RetryMachine(attempts: 1, retryAfterMaximum: .zero)
    #expect(decide(&machine, 1, .transient) == .rethrow)
    #expect(decide(&machine, 1, .outcomeUnknown) == .rethrow)
  }

  @Test("No wait reaches the deadline", arguments: [(999, false), (1_000, false), (1_001, true)])
  func deadline(milliseconds: Int, retries: Bool) {
    var machine = RetryMachine(attempts: 5, retryAfterMaximum: .zero)
    let decision = decide(&machine, 1, .transient, deadline: .milliseconds(milliseconds))
    #expect(decision == (retries ? .retry(after: Self.second) : .stop(.deadlineTooClose)))
  }

  @Test("The history keeps the first and the newest attempts and is bounded")
  func history() {
    var machine = RetryMachine(attempts: 1_000, retryAfterMaximum: .zero)
    for attempt in 1...100 { _ = decide(&machine, attempt, .transient) }
    #expect(machine.history.map(\.number) == [1, 94, 95, 96, 97, 98, 99, 100])
  }

  private func decide(
    _ machine: inout RetryMachine, _ attempt: Int, _ failure: FailureClass, isIdempotent: Bool = false,
    deadline: Duration? = nil
  ) -> RetryMachine.Decision {
    var random = SplitMix64(seed: 1)
    return machine.failed(
      attempt: attempt, as: failure, isIdempotent: isIdempotent, now: .zero, deadline: deadline,
      backoff: Backoff.constant(Self.second), using: &random)
  }
}
