import Testing
import TomboloPorts
import TomboloResilience
import TomboloTesting

@testable import TomboloQueue

@Suite("DeliveryDecision")
struct DeliveryDecisionTests {
  private struct Classified: ClassifiedError {
    var classification: FailureClassification
  }

  private static let now = Timestamp(millisecondsSinceEpoch: 1_000_000)
  private static let failure = DeliveryFailure(.upstreamFailed, "502")
  private static let remote = RemoteVersion(tag: "t", detail: "412")

  private static var decision: DeliveryDecision {
    var configuration = QueueConfiguration()
    configuration.backoff = Backoff.constant(.seconds(10))
    configuration.retryAfterMaximum = .seconds(60)
    configuration.attemptsMaximum = 5
    configuration.conflictRoundsMaximum = 2
    return DeliveryDecision(configuration: configuration, now: now)
  }

  @Test(
    "A retry waits for the longer of backoff and request, within the limit",
    arguments: [
      (asked: nil, waited: 10), (-5, 10), (0, 10), (5, 10), (11, 11), (60, 60), (61, 60), (1_000_000_000, 60),
    ] as [(asked: Int?, waited: Int)])
  func retry(asked: Int?, waited: Int) {
    var random = SeededGenerator(seed: 1)
    let settlement = Self.decision.retry(
      after: asked.map { .seconds($0) }, Self.failure, attempt: 4, random: &random)
    #expect(settlement == .retry(Self.failure, due: Self.now.advanced(by: .seconds(waited))))
  }

  @Test("Decorrelated waits grow from the one before, up to three times as long, always inside the cap")
  func decorrelated() {
    var configuration = QueueConfiguration()
    configuration.backoff = Backoff.decorrelated(initial: .seconds(1), maximum: .seconds(60))
    let decision = DeliveryDecision(configuration: configuration, now: Self.now)
    var random = SeededGenerator(seed: 1)
    func waits(after previous: Int?) -> [Duration] {
      (0..<500).map { _ in
        decision.retryWait(
          after: nil, attempt: 9, previous: previous.map { .seconds($0) }, budgetWait: .zero, random: &random
        ).duration
      }
    }
    for previous in [1, 5, 60, 3_600] {
      let waits = waits(after: previous)
      #expect(waits.allSatisfy { $0 >= .seconds(1) && $0 <= .seconds(min(60, 3 * previous)) })
      #expect(waits.contains { $0 > .seconds(min(60, 3 * previous)) / 2 })
    }
    #expect(waits(after: nil).contains { $0 > .seconds(15) })
  }

  @Test("The wait before is what was stored of it, and nothing before the first retry")
  func waitBefore() {
    var progress = ProgressRecord()
    #expect(progress.retryWait == nil)
    (progress.lastFailureAt, progress.dueAt) = (Self.now, Self.now.advanced(by: .seconds(7)))
    #expect(progress.retryWait == nil)
    progress.attemptCount = 1
    #expect(progress.retryWait == .seconds(7))
    progress.dueAt = Self.now.advanced(by: .seconds(-7))
    #expect(progress.retryWait == .zero)
  }

  @Test("The last attempt ends as a dead letter", arguments: [5, 6, 1_000])
  func exhausted(attempt: Int) {
    var random = SeededGenerator(seed: 1)
    guard
      case .deadLetter(let failure) = Self.decision.retry(after: nil, Self.failure, attempt: attempt, random: &random)
    else {
      Issue.record("not dead-lettered")
      return
    }
    #expect(failure == DeliveryFailure(.attemptsExhausted, "all 5 attempts failed; the last: 502"))
  }

  @Test("A snooze is as long as asked, within the limit", arguments: zip([-1, 0, 7, 600], [0, 0, 7, 60]))
  func snooze(asked: Int, waited: Int) {
    #expect(
      Self.decision.snooze(for: .seconds(asked), Self.failure)
        == .snooze(Self.failure, due: Self.now.advanced(by: .seconds(waited))))
  }

  @Test("A resolution is carried out, up to the number of rounds")
  func conflict() {
    let decision = Self.decision
    #expect(
      decision.conflict(.applyLocal, against: Self.remote, rounds: 1)
        == .redeliver(replacing: Self.remote, payload: nil))
    #expect(
      decision.conflict(.merged([1]), against: Self.remote, rounds: 0)
        == .redeliver(replacing: Self.remote, payload: [1]))
    for result in [ResolutionResult.applyLocal, .merged([1])] {
      guard case .parkConflict(let failure, Self.remote) = decision.conflict(result, against: Self.remote, rounds: 2)
      else {
        Issue.record("\(result) goes on")
        continue
      }
      #expect(failure.code == .conflict)
    }
    #expect(
      decision.conflict(.keepRemote, against: Self.remote, rounds: 9)
        == .discard(reason: "the upstream's version stands: 412"))
    #expect(
      decision.conflict(.park("ask"), against: Self.remote, rounds: 0)
        == .parkConflict(DeliveryFailure(.conflict, "ask"), Self.remote))
  }

  @Test("What a handler throws is treated as it says, and as transient when it says nothing")
  func errors() {
    func word(_ error: any Error) -> String {
      switch DeliveryDecision.outcome(of: error) {
      case .retry(let after, let failure): "retry \(after.map { "\($0)" } ?? "-") \(failure.code)"
      case .reject(let failure): "reject \(failure.code)"
      case .conflict: "conflict"
      default: "other"
      }
    }
    #expect(word(Self.failure) == "retry - upstreamFailed")
    #expect(word(CancellationError()) == "retry - handlerFailed")
    #expect(word(Classified(classification: .transient)) == "retry - handlerFailed")
    #expect(word(Classified(classification: .outcomeUnknown)) == "retry - handlerFailed")
    #expect(word(Classified(classification: .throttled(after: .seconds(3)))) == "retry 3.0 seconds throttled")
    #expect(word(Classified(classification: .permanent)) == "reject refused")
    #expect(word(Classified(classification: .conflict)) == "conflict")
  }
}
