import Testing
import TomboloResilience

@Suite("DescribedPolicies", .timeLimit(.minutes(5)))
struct DescribedPoliciesTests {
  let test = TestEnvironment()

  static let everything: [PolicyDescription] = [
    PolicyDescription("rateLimit", ["count": .number(100)]),
    PolicyDescription("bulkhead", ["limit": .number(5), "queue": .number(10)]),
    PolicyDescription("totalTimeout", ["limit": .duration(.seconds(10))]),
    PolicyDescription("retry", ["attempts": .number(2), "initial": .duration(.zero), "budgetRatio": .number(0.5)]),
    PolicyDescription("hedge", ["after": .duration(.seconds(1)), "idempotent": .flag(true)]),
    PolicyDescription("circuitBreaker", ["windowDuration": .duration(.seconds(60))]),
    PolicyDescription("adaptiveLimit"),
    PolicyDescription("attemptTimeout", ["limit": .duration(.seconds(2)), "abandon": .flag(true)]),
    PolicyDescription("chaos"),
  ]

  @Test("Every type can be described, runs, and prints as the written one does")
  func everything() async throws {
    let pipeline = try ResiliencePipeline("upstream", environment: test.environment, described: Self.everything)
    #expect(pipeline.policies.map(\.kind.rawValue) == Self.everything.map(\.type))
    let tally = Tally()
    #expect(try await pipeline.run { _ in if tally.add() == 1 { throw Flaky() } else { "done" } } == "done")
    #expect(Set(Self.everything.map(\.type)) == Set(PolicySummary.Kind.allCases.map(\.rawValue)).subtracting(["other"]))
  }

  @Test("All problems come at once, each with its path and what would be right")
  func problems() {
    let error = #expect(throws: PolicyDescriptionError.self) {
      try ResiliencePipeline(
        "upstream",
        described: [
          PolicyDescription("retyr"),
          PolicyDescription("retry", ["attempts": .number(2.5), "backof": .text("linear")]),
          PolicyDescription("attemptTimeout"),
        ])
    }
    #expect(error?.problems.map(\.index) == [0, 1, 1, 2])
    let lines = error?.description.split(separator: "\n").map(String.init) ?? []
    #expect(lines.first?.hasPrefix("upstream[0]: retyr is not a policy; there are totalTimeout, retry,") == true)
    #expect(lines.dropFirst().first == "upstream[1].attempts: must be a whole number from 1 to 1000")
    #expect(lines.last == "upstream[2].limit: is missing: a duration such as 2s")
  }

  @Test("An option that does not go with another says with which it goes, and offers nothing else")
  func combinations() throws {
    let cases: [(PolicyDescription, String)] = [
      (
        PolicyDescription("retry", ["backoff": .text("linear"), "multiplier": .number(2)]),
        "upstream[0].multiplier: goes with backoff: exponential, and this one is linear"
      ),
      (
        PolicyDescription("retry", ["increment": .duration(.seconds(1))]),
        "upstream[0].increment: goes with backoff: linear, and this one is exponential"
      ),
      (
        PolicyDescription("retry", ["budgetName": .text("shared")]),
        "upstream[0].budgetName: goes with budgetRatio, and there is none: set it, or remove this"
      ),
      (
        PolicyDescription("circuitBreaker", ["windowDuration": .duration(.seconds(1)), "windowCalls": .number(9)]),
        "upstream[0].windowCalls: goes without windowDuration: keep one of the two"
      ),
    ]
    for (policy, text) in cases {
      let error = #expect(throws: PolicyDescriptionError.self) {
        try ResiliencePipeline("upstream", described: [policy])
      }
      #expect(error?.description == text)
    }
  }

  @Test("The order is checked as in a written pipeline")
  func order() {
    #expect(throws: PolicyOrderError.self) {
      try ResiliencePipeline(
        "upstream",
        described: [
          PolicyDescription("retry"), PolicyDescription("totalTimeout", ["limit": .duration(.seconds(1))]),
        ])
    }
  }
}
