import Testing
import TomboloResilience

@Suite("Timeouts", .timeLimit(.minutes(5)))
struct TimeoutTests {
  let test = TestEnvironment()

  @Test("A call in time comes out unchanged, value or error, and no timer stays behind")
  func inTime() async throws {
    let pipeline = try ResiliencePipeline("p", environment: test.environment) { AttemptTimeout(.seconds(1)) }
    #expect(try await pipeline.run { _ in 42 } == 42)
    await #expect(throws: Flaky.self) { try await pipeline.run { _ in throw Flaky() } }
    await test.clock.sleepers(0)
    #expect(test.listener.events.isEmpty)
  }

  @Test("After the limit the call is cancelled, and a TimeoutError names scope, limit and cause")
  func expires() async throws {
    let pipeline = try ResiliencePipeline("p", environment: test.environment) { AttemptTimeout(.seconds(1)) }
    let clock = test.clock
    let task = Task { try await pipeline.run { _ in try await clock.sleep(for: .seconds(60)) } }
    await clock.sleepers(2)
    clock.advance(by: .seconds(1))
    let error = await #expect(throws: TimeoutError.self) { try await task.value }
    #expect(error?.scope == .attempt)
    #expect(error?.limit == .seconds(1))
    #expect(error?.cause is CancellationError)
    #expect(error?.message == "p did not answer within the attempt time limit of 1.0 seconds")
    #expect(test.listener.events.count == 1)
  }

  @Test("An error that comes as the limit ends, and before that was noticed, is the call's own")
  func errorAtTheLimit() async throws {
    let clock = test.clock
    var ownErrorCount = 0
    // Who is first is a race that the call nearly always wins: in a hundred rounds it must not always lose.
    for _ in 0..<100 {
      let pipeline = try ResiliencePipeline("p", environment: test.environment) { AttemptTimeout(.seconds(1)) }
      do {
        try await pipeline.run { _ in
          await clock.sleepers(1)
          clock.advance(by: .seconds(1))
          throw Flaky()
        }
      } catch is Flaky {
        ownErrorCount += 1
      } catch let error as TimeoutError {
        #expect(error.cause is Flaky)
      }
    }
    #expect(ownErrorCount > 0)
  }

  @Test("A call that ends with a value after its limit is believed")
  func lateValue() async throws {
    let pipeline = try ResiliencePipeline("p", environment: test.environment) { AttemptTimeout(.seconds(1)) }
    let clock = test.clock
    let task = Task {
      try await pipeline.run { _ in
        do { try await clock.sleep(for: .seconds(60)) } catch { return "done all the same" }
        return "slept"
      }
    }
    await clock.sleepers(2)
    clock.advance(by: .seconds(1))
    #expect(try await task.value == "done all the same")
  }

  @Test("The caller's cancellation is no time-out")
  func cancelled() async throws {
    let pipeline = try ResiliencePipeline("p", environment: test.environment) { TotalTimeout(.seconds(1)) }
    let clock = test.clock
    let task = Task { try await pipeline.run { _ in try await clock.sleep(for: .seconds(60)) } }
    await clock.sleepers(2)
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(test.listener.events.isEmpty)
  }

  @Test("A timed-out attempt is retried only when the call is idempotent", arguments: [true, false])
  func idempotency(isIdempotent: Bool) async throws {
    let pipeline = try ResiliencePipeline("p", environment: test.environment) {
      Retry(attempts: 2, backoff: .constant(.zero))
      AttemptTimeout(.seconds(1))
    }
    let clock = test.clock
    let task = Task {
      try await pipeline.run(isIdempotent: isIdempotent) { attempt in
        if attempt.number == 1 { try await clock.sleep(for: .seconds(60)) }
        return attempt.number
      }
    }
    await clock.sleepers(2)
    clock.advance(by: .seconds(1))
    if isIdempotent {
      #expect(try await task.value == 2)
    } else {
      let error = await #expect(throws: RetryError.self) { try await task.value }
      #expect(error?.code == .outcomeUnknown)
      #expect(error?.lastError is TimeoutError)
    }
  }

  @Test("No attempt is planned beyond the total limit")
  func deadline() async throws {
    let pipeline = try ResiliencePipeline("p", environment: test.environment) {
      TotalTimeout(.seconds(5))
      Retry(attempts: 9, backoff: .constant(.seconds(2)))
    }
    let clock = test.clock
    let task = Task { try await pipeline.run { _ in throw Flaky() } }
    for _ in 0..<2 {
      await clock.sleepers(2)
      clock.advance(by: .seconds(2))
    }
    let error = await #expect(throws: RetryError.self) { try await task.value }
    #expect(error?.code == .deadlineTooClose)
    #expect(error?.attemptCount == 3)
  }
}
