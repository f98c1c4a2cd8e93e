import Testing
import TomboloResilience

@Suite("Retry", .timeLimit(.minutes(5)))
struct RetryTests {
  let test = TestEnvironment()

  @Test("A call that fails twice succeeds with the third attempt, and is told its number")
  func succeeds() async throws {
    let pipeline = try ResiliencePipeline("billing", environment: test.environment) {
      Retry(attempts: 3, backoff: .constant(.zero))
    }
    var numbers: [Int] = []
    let value = try await pipeline.run { attempt in
      numbers.append(attempt.number)
      if attempt.number < 3 { throw Flaky(number: attempt.number) }
      return "paid"
    }
    #expect(value == "paid")
    #expect(numbers == [1, 2, 3])
    #expect(test.listener.lines.count == 2)
  }

  @Test("The error at the end has the history and the last real error, and says what to do")
  func exhausted() async throws {
    let pipeline = try ResiliencePipeline("billing", environment: test.environment) {
      Retry(attempts: 3, backoff: .constant(.zero))
    }
    let error = await #expect(throws: RetryError.self) {
      try await pipeline.run { attempt in throw Flaky(number: attempt.number) }
    }
    #expect(error?.code == .attemptsExhausted)
    #expect(error?.attemptCount == 3)
    #expect(error?.attempts.map(\.number) == [1, 2, 3])
    #expect(error?.lastError as? Flaky == Flaky(number: 3))
    #expect(error?.message == "billing was given up after 3 attempts: every attempt failed (last error: Flaky)")
  }

  @Test("The first rule that knows an error decides")
  func rules() async throws {
    struct Known: Error {}
    let pipeline = try ResiliencePipeline("billing", environment: test.environment) {
      Retry(attempts: 4, backoff: .constant(.zero))
        .retrying { ($0 as? Flaky)?.number == 1 }
        .stopping(on: Flaky.self)
        .stopping(on: Known.self)
    }
    let error = await #expect(throws: Flaky.self) {
      try await pipeline.run { attempt in throw Flaky(number: attempt.number) }
    }
    #expect(error == Flaky(number: 2))
    await #expect(throws: Known.self) { try await pipeline.run { _ in throw Known() } }
  }

  @Test("Refusals of a breaker are not retried, those of a rate limiter are")
  func refusals() async throws {
    let pipeline = try ResiliencePipeline("billing", environment: test.environment) {
      Retry(attempts: 3, backoff: .constant(.zero))
    }
    let tally = Tally()
    await #expect(throws: ResilienceError.self) {
      try await pipeline.run { _ in
        tally.add()
        throw ResilienceError(.circuitOpen, "closed today")
      }
    }
    #expect(tally.value == 1)
    await #expect(throws: RetryError.self) {
      try await pipeline.run { _ in
        tally.add()
        throw ResilienceError(.rateLimited, "slowly", retryAfter: .zero)
      }
    }
    #expect(tally.value == 4)
  }

  /// How a cancelled call may end.
  enum Ending: CaseIterable { case cancellationError, ownError, whileWaiting }

  @Test("A cancelled call is not made again, and its budget is not spent", arguments: Ending.allCases)
  func cancelled(ending: Ending) async throws {
    let environment = test.environment
    let clock = test.clock
    let tally = Tally()
    let budget = RetryBudget("b", ratio: 0, perSecondMinimum: 1, savedMaximum: 1)
    let pipeline = try ResiliencePipeline("billing", environment: environment) {
      Retry(attempts: 5, backoff: .constant(.seconds(10)), budget: budget)
    }
    let task = Task {
      try await pipeline.run { _ in
        tally.add()
        switch ending {
        case .whileWaiting: throw Flaky()
        case .cancellationError: try await clock.sleep(for: .seconds(60))
        case .ownError: do { try await clock.sleep(for: .seconds(60)) } catch { throw Flaky() }
        }
      }
    }
    await clock.sleepers(1)
    task.cancel()
    let result = await task.result
    #expect(tally.value == 1)
    switch ending {
    case .ownError: #expect(throws: Flaky.self) { try result.get() }
    case .cancellationError, .whileWaiting: #expect(throws: CancellationError.self) { try result.get() }
    }
    // The one retry of the budget is still there.
    let next = try ResiliencePipeline("billing", environment: environment) {
      Retry(attempts: 2, backoff: .constant(.zero), budget: budget)
    }
    #expect(try await next.run { attempt in if attempt.number == 1 { throw Flaky() } else { 7 } } == 7)
  }

  @Test("No rule and no classifier makes a cancellation something to retry, and it comes out as it was")
  func cancellationIsNoFailure() async throws {
    struct Stubborn: FailureClassifier {
      func classify(_ error: any Error) -> FailureClass { .transient }
    }
    let pipeline = try ResiliencePipeline("p", environment: test.environment) {
      Retry(attempts: 3, backoff: .constant(.zero), isIdempotent: true, classifier: Stubborn()).retrying { _ in true }
    }
    let calls = Tally()
    await #expect(throws: CancellationError.self) {
      try await pipeline.run { _ in
        calls.add()
        throw CancellationError()
      }
    }
    #expect(calls.value == 1)
  }

  @Test("Retries asleep in their backoff count against the budget")
  func sleepingRetriesCount() async throws {
    let pipeline = try ResiliencePipeline("billing", environment: test.environment) {
      Retry(
        attempts: 2, backoff: .constant(.seconds(10)),
        budget: RetryBudget("billing", ratio: 0, perSecondMinimum: 3, savedMaximum: 3))
    }
    let clock = test.clock
    let codes = await withTaskGroup(of: RetryError.Code?.self) { group in
      for _ in 0..<10 {
        group.addTask {
          do {
            try await pipeline.run { _ in throw Flaky() }
            return nil
          } catch { return (error as? RetryError)?.code }
        }
      }
      var codes: [RetryError.Code?] = []
      for await code in group {
        codes.append(code)
        // The refused ones end first; then exactly those in the budget are asleep.
        if codes.count == 7 {
          await clock.sleepers(3)
          clock.advance(by: .seconds(10))
        }
      }
      return codes
    }
    #expect(codes.prefix(7).allSatisfy { $0 == .budgetExhausted })
    #expect(codes.suffix(3).allSatisfy { $0 == .attemptsExhausted })
  }

  @Test("A Retry-After is waited for")
  func retryAfter() async throws {
    struct Throttled: ClassifiedFailure { let failureClass = FailureClass.throttled(retryAfter: .seconds(30)) }
    let pipeline = try ResiliencePipeline("billing", environment: test.environment) {
      Retry(attempts: 2, backoff: .constant(.zero))
    }
    let task = Task {
      try await pipeline.run { attempt in if attempt.number == 1 { throw Throttled() } else { attempt.number } }
    }
    await test.clock.sleepers(1)
    test.clock.advance(by: .seconds(29))
    await test.clock.sleepers(1)
    test.clock.advance(by: .seconds(1))
    #expect(try await task.value == 2)
  }

  @Test("A retry runs where its caller runs, and may use what only the caller may")
  @MainActor
  func isolation() async throws {
    let pipeline = try ResiliencePipeline("billing", environment: test.environment) {
      TotalTimeout(.seconds(60))
      Retry(attempts: 2, backoff: .constant(.zero))
    }
    final class NotSendable { var count = 0 }
    let object = NotSendable()
    let back = try await pipeline.run { attempt in
      MainActor.assertIsolated()
      object.count += 1
      if attempt.number == 1 { throw Flaky() }
      return object
    }
    #expect(back.count == 2)
  }
}
