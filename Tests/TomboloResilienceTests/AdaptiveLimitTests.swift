import Testing
import TomboloResilience

@Suite("AdaptiveLimiting", .timeLimit(.minutes(5)))
struct AdaptiveLimitTests {
  @Test("It grows by about one a round while it is used, and not while it is idle")
  func grows() {
    var machine = AdaptiveLimitMachine(AdaptiveLimiting("a", initial: 10, maximum: 12))
    for _ in 0..<100 { machine.ended(.fine, insideCount: 4, start: .zero, now: .zero) }
    #expect(machine.limit == 10)
    for _ in 0..<11 { machine.ended(.fine, insideCount: 10, start: .zero, now: .zero) }
    #expect(machine.limit == 11)
    for _ in 0..<1_000 { machine.ended(.fine, insideCount: 12, start: .zero, now: .zero) }
    #expect(machine.limit == 12)
  }

  @Test("Many signs of one overload cut once; a later one cuts again, down to the minimum")
  func cuts() {
    var machine = AdaptiveLimitMachine(AdaptiveLimiting("a", initial: 100, minimum: 2, decreaseFactor: 0.5))
    for _ in 0..<50 { machine.ended(.overloaded, insideCount: 50, start: .seconds(1), now: .seconds(2)) }
    #expect(machine.limit == 50)
    for second in 3..<20 {
      machine.ended(.overloaded, insideCount: 9, start: .seconds(second), now: .seconds(second))
    }
    #expect(machine.limit == 2)
    machine.ended(.unrelated, insideCount: 9, start: .seconds(30), now: .seconds(30))
    #expect(machine.limit == 2)
  }

  @Test("Overload cuts it through a retry and through a total time limit", arguments: [true, false])
  func outermost(isLimited: Bool) async throws {
    struct Throttled: ClassifiedFailure { let failureClass = FailureClass.throttled(retryAfter: nil) }
    let test = TestEnvironment()
    let inside =
      isLimited
      ? PolicyDescription("totalTimeout", ["limit": .duration(.seconds(5))])
      : PolicyDescription("retry", ["attempts": .number(2), "initial": .duration(.zero)])
    let pipeline = try ResiliencePipeline(
      "a", environment: test.environment,
      described: [
        PolicyDescription("adaptiveLimit", ["initial": .number(10), "decreaseFactor": .number(0.5)]), inside,
      ])
    let shared = try #require(test.states.existing("adaptiveLimit", "a", as: SharedAdaptiveLimit.self))
    let call = Task { [clock = test.clock] in
      try await pipeline.run { _ in
        if isLimited { try await clock.sleep(for: .seconds(60)) }
        throw Throttled()
      }
    }
    if isLimited {
      await test.clock.sleepers(2)
      test.clock.advance(by: .seconds(5))
    }
    await #expect(throws: (any Error).self) { try await call.value }
    #expect(shared.gate.limit == 5)
  }

  @Test("Random ends from many tasks keep the limit in its range, and every place comes back")
  func concurrent() async throws {
    let test = TestEnvironment()
    let policy = AdaptiveLimiting(
      "a", initial: 4, maximum: 8, slowCallDuration: .seconds(1), queueMaximum: 500)
    let pipeline = try ResiliencePipeline("p", environment: test.environment) { policy }
    let shared = try #require(test.states.existing("adaptiveLimit", "a", as: SharedAdaptiveLimit.self))
    let inside = Tally()
    await withTaskGroup(of: Void.self) { group in
      for index in 0..<1_000 {
        group.addTask { [clock = test.clock] in
          let call = Task {
            try await pipeline.run { _ in
              #expect(inside.add() <= 8)
              defer { inside.add(-1) }
              await Task.yield()
              if index % 11 == 0 { clock.advance(by: .seconds(2)) }
              if index % 7 == 0 { throw ResilienceError(.rateLimited, "slowly") }
            }
          }
          if index % 5 == 0 { call.cancel() }
          _ = await call.result
        }
      }
    }
    #expect(shared.gate.insideCount == 0)
    #expect(shared.gate.waitingCount == 0)
    #expect((1...8).contains(shared.gate.limit))
  }
}
