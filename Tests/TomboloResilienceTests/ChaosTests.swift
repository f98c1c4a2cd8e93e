import Testing
import TomboloResilience

@Suite("Chaos", .timeLimit(.minutes(5)))
struct ChaosTests {
  func outcomes(seed: UInt64, _ chaos: Chaos) async throws -> (text: String, calls: Int) {
    let test = TestEnvironment(seed: seed)
    let pipeline = try ResiliencePipeline("p", environment: test.environment) { chaos }
    let calls = Tally()
    var text = ""
    for _ in 0..<1_000 {
      do {
        try await pipeline.run { _ in _ = calls.add() }
        text += "."
      } catch let error as ChaosError {
        text += error.effect == .fault ? "F" : "L"
      }
    }
    return (text, calls.value)
  }

  @Test("The same seed does the same, another seed something else; the rates are kept; a lost answer was a call")
  func seeded() async throws {
    let chaos = Chaos(faultRate: 0.2, lostOutcomeRate: 0.5)
    let first = try await outcomes(seed: 7, chaos)
    let again = try await outcomes(seed: 7, chaos)
    let other = try await outcomes(seed: 8, chaos)
    #expect(first.text == again.text)
    #expect(first.text != other.text)
    let faults = first.text.count { $0 == "F" }
    #expect((150...250).contains(faults))
    #expect(first.calls == 1_000 - faults)
    #expect((330...470).contains(first.text.count { $0 == "L" }))
  }

  @Test("A policy with a seed does the same whoever else draws, and a pipeline built again goes on where it was")
  func ownSeed() async throws {
    func fates(_ chaos: Chaos, _ test: TestEnvironment, _ count: Int) async throws -> String {
      let pipeline = try ResiliencePipeline("p", environment: test.environment) { chaos }
      var text = ""
      for _ in 0..<count {
        do {
          try await pipeline.run { _ in }
          text += "."
        } catch let error as ChaosError {
          text += error.effect == .fault ? "F" : "L"
        }
      }
      return text
    }
    let chaos = Chaos(faultRate: 0.2, lostOutcomeRate: 0.3, seed: 42)
    // The fates are part of the promise: a drill that was written down happens again, whatever the program's version.
    #expect(try await fates(chaos, TestEnvironment(seed: 1), 24) == "FF...F.......L.F.F.L....")
    let test = TestEnvironment(seed: 2)
    let first = try await fates(chaos, test, 500)
    let whole = try await fates(chaos, TestEnvironment(seed: 3), 1_000)
    #expect(try await first + fates(chaos, test, 500) == whole)
    #expect((150...250).contains(whole.count { $0 == "F" }))
    #expect((180...300).contains(whole.count { $0 == "L" }))
    #expect(try await fates(Chaos(faultRate: 0.2, lostOutcomeRate: 0.3, seed: 43), TestEnvironment(), 1_000) != whole)
  }

  @Test("Latency comes before the call, and is told")
  func latency() async throws {
    let test = TestEnvironment()
    let pipeline = try ResiliencePipeline("p", environment: test.environment) {
      Chaos(latencyRate: 1, latency: .seconds(3))
    }
    let task = Task { try await pipeline.run { _ in 5 } }
    await test.clock.sleepers(1)
    test.clock.advance(by: .seconds(3))
    #expect(try await task.value == 5)
    #expect(test.listener.lines == ["p/chaos: chaosInjected(TomboloResilience.ChaosEffect.latency(3.0 seconds))"])
  }

  @Test("By default nothing happens, and a fallback answers for what fails, but not for a cancelled call")
  func fallback() async throws {
    #expect(try await outcomes(seed: 1, Chaos()).calls == 1_000)
    let test = TestEnvironment()
    let pipeline = try ResiliencePipeline("p", environment: test.environment) { Chaos(faultRate: 1) }
    let value = try await pipeline.run { _ in
      "live"
    } fallback: {
      $0 is ChaosError ? "cached" : "unknown"
    }
    #expect(value == "cached")
    let calm = try ResiliencePipeline("p", environment: test.environment) { NoPolicy() }
    await #expect(throws: CancellationError.self) {
      try await calm.run { _ in
        throw CancellationError()
      } fallback: { _ in
        Issue.record("answered")
      }
    }
    #expect(test.listener.events.count == 2)
  }
}
