import Testing
import TomboloPorts
import TomboloResilience

@testable import TomboloComposition

@Suite struct ResilienceOptionsTests {
  /// What `DescribedPolicies` says about an option that no policy has lists the ones it has.
  private static func known(_ type: String, _ options: [String: PolicyDescription.Option]) throws -> Set<String> {
    var options = options
    options["noSuchOption"] = .flag(true)
    do {
      _ = try DescribedPolicies([PolicyDescription(type, options)], name: "test")
      return []
    } catch let error as PolicyDescriptionError {
      let problem = try #require(error.problems.first { $0.option == "noSuchOption" })
      let list = try #require(problem.message.firstMatch(of: #/there are (.*)/#)).1
      return Set(list.split(separator: ", ").map(String.init))
    }
  }

  /// Not offered for deliveries, which are idempotent by their keys and never abandoned.
  static let leftOut: [String: Set<String>] = ["retry": ["idempotent"], "attemptTimeout": ["abandon"]]

  @Test(
    "the config declares exactly the options that a policy reads",
    arguments: PolicyPlugins.names.filter { $0 != ResilienceOptions.retryBudget })
  func declarations(type: String) throws {
    let declared = Set(ResilienceOptions.options(of: type).map(\.name))
    var known = try Self.known(type, ["limit": .duration(.seconds(1))].filter { _ in type.hasSuffix("Timeout") })
    // Options that are read only beside others.
    if type == "retry" {
      known.formUnion(try Self.known(type, ["backoff": .text("linear"), "budgetRatio": .number(1)]))
    }
    #expect(declared.union(Self.leftOut[type] ?? []) == known.union(type == "circuitBreaker" ? ["windowCalls"] : []))
  }

  @Test("every kind of policy but a hedge may stand in the config")
  func isComplete() {
    let kinds = Set(PolicySummary.Kind.allCases.map(\.rawValue)).subtracting(["hedge", "other"])
    #expect(kinds.union([ResilienceOptions.retryBudget]) == Set(PolicyPlugins.names))
  }
}
