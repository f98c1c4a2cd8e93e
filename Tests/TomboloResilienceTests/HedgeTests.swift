import Testing
import TomboloResilience

@Suite("Hedge", .timeLimit(.minutes(5)))
struct HedgeTests {
  let test = TestEnvironment()

  @Test("A quick answer needs no second copy")
  func quick() async throws {
    let pipeline = try ResiliencePipeline("p", environment: test.environment) {
      Hedge(after: .seconds(1), isIdempotent: true)
    }
    #expect(try await pipeline.run { _ in 1 } == 1)
    #expect(test.listener.events.isEmpty)
  }

  @Test("After the delay a second copy starts; it wins, and the first is cancelled")
  func slow() async throws {
    let pipeline = try ResiliencePipeline("p", environment: test.environment) {
      Hedge(after: .seconds(1), isIdempotent: true)
    }
    let clock = test.clock
    let started = Tally()
    let cancelled = Tally()
    let task = Task {
      try await pipeline.run { _ in
        if started.add() == 2 { return "second" }
        do { try await clock.sleep(for: .seconds(60)) } catch {
          cancelled.add()
          throw error
        }
        return "first"
      }
    }
    await clock.sleepers(2)
    clock.advance(by: .seconds(1))
    #expect(try await task.value == "second")
    #expect(started.value == 2)
    #expect(cancelled.value == 1)
    #expect(test.listener.lines == ["p/hedge: hedgeStarted(copy: 2)", "p/hedge: hedgeWon(copy: 2)"])
  }

  @Test("A passing failure starts the next copy at once; when all have failed the last error is thrown")
  func failing() async throws {
    let pipeline = try ResiliencePipeline("p", environment: test.environment) {
      Hedge(after: .seconds(1), copyMaximum: 3, isIdempotent: true)
    }
    let started = Tally()
    let error = await #expect(throws: Flaky.self) {
      try await pipeline.run { _ in throw Flaky(number: started.add()) }
    }
    #expect(error == Flaky(number: 3))
    await test.clock.sleepers(0)
  }

  @Test("A server that asks for a pause gets no further copy")
  func throttled() async throws {
    let pipeline = try ResiliencePipeline("p", environment: test.environment) {
      Hedge(after: .seconds(1), copyMaximum: 3, isIdempotent: true)
    }
    let started = Tally()
    let alone = await #expect(throws: ResilienceError.self) {
      try await pipeline.run { _ in
        started.add()
        throw ResilienceError(.rateLimited, "later", retryAfter: .seconds(9))
      }
    }
    #expect(alone?.retryAfter == .seconds(9))
    #expect(started.value == 1)
  }

  @Test("After a server asked for a pause no further copy starts while another is under way")
  func throttledWhileAnotherRuns() async throws {
    let pipeline = try ResiliencePipeline("p", environment: test.environment) {
      Hedge(after: .seconds(1), copyMaximum: 3, isIdempotent: true)
    }
    let clock = test.clock
    let started = Tally()
    // The server's word has to be heard before the delay of the second copy is over: what comes first is not left to chance.
    let executor = StepExecutor()
    let task = Task(executorPreference: executor) {
      try await pipeline.run { _ in
        if started.add() == 2 { throw ResilienceError(.rateLimited, "later", retryAfter: .seconds(9)) }
        try await clock.sleep(for: .seconds(60))
        return "first"
      }
    }
    await executor.settle()
    #expect(started.value == 1)
    clock.advance(by: .seconds(1))
    await executor.settle()
    #expect(started.value == 2)
    // The call of the first copy, and what would start a third.
    await clock.sleepers(2)
    clock.advance(by: .seconds(1))
    await executor.settle()
    await clock.sleepers(1)
    clock.advance(by: .seconds(60))
    await executor.settle()
    #expect(try await task.value == "first")
    #expect(started.value == 2)
  }

  @Test("A permanent failure ends the call")
  func permanent() async throws {
    let pipeline = try ResiliencePipeline("p", environment: test.environment) {
      Hedge(after: .seconds(1), copyMaximum: 3, isIdempotent: true)
    }
    let started = Tally()
    await #expect(throws: ResilienceError.self) {
      try await pipeline.run { _ in
        started.add()
        throw ResilienceError(.circuitOpen, "open")
      }
    }
    #expect(started.value == 1)
  }

  @Test("The caller's cancellation ends every copy")
  func cancelled() async throws {
    let pipeline = try ResiliencePipeline("p", environment: test.environment) {
      Hedge(after: .seconds(1), isIdempotent: true)
    }
    let clock = test.clock
    let task = Task { try await pipeline.run { _ in try await clock.sleep(for: .seconds(60)) } }
    await clock.sleepers(2)
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    await clock.sleepers(0)
  }
}
