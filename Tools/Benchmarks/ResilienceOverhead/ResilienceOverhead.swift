import Synchronization
import TomboloResilience

/// What a policy costs around a call that does nothing, in nanoseconds a call: the best of five rounds, alone and with four
/// tasks that share the pipeline.
///
/// `ResilienceOverhead` measures time. `ResilienceOverhead NAME COUNT` makes COUNT calls and nothing else, to count
/// allocations with a tool: the difference between two counts, divided by their difference.
@main
struct ResilienceOverhead {
  static func main() async throws {
    let pipelines = try Pipelines()
    if CommandLine.arguments.count == 3, let count = Int(CommandLine.arguments[2]) {
      try await pipelines.call(CommandLine.arguments[1], count)
      return
    }
    for name in Pipelines.names {
      let count = name == "attemptTimeout" ? 20_000 : 500_000
      var alone = Duration.seconds(1_000)
      var shared = alone
      for _ in 0..<5 {
        alone = min(alone, try await ContinuousClock().measure { try await pipelines.call(name, count) })
        shared = min(
          shared,
          try await ContinuousClock().measure {
            try await withThrowingTaskGroup(of: Void.self) { group in
              for _ in 0..<4 { group.addTask { try await pipelines.call(name, count / 4) } }
              try await group.waitForAll()
            }
          })
      }
      print("\(name): \(alone / count) a call alone, \(shared / count) a call with four tasks")
    }
  }
}

struct Pipelines: Sendable {
  static let names = [
    "plain", "empty", "retry", "retryWithBudget", "breaker", "bulkhead", "retryAndBreaker", "attemptTimeout",
  ]

  let empty: ResiliencePipeline<NoPolicy>
  let retry: ResiliencePipeline<BoundRetry>
  let budget: ResiliencePipeline<BoundRetry>
  let breaker: ResiliencePipeline<BoundCircuitBreaking>
  let bulkhead: ResiliencePipeline<BoundBulkhead>
  let both: ResiliencePipeline<BoundPolicyChain<BoundRetry, BoundCircuitBreaking>>
  let timeout: ResiliencePipeline<BoundTimeout>

  init() throws {
    empty = try ResiliencePipeline("empty") { NoPolicy() }
    retry = try ResiliencePipeline("retry") { Retry() }
    budget = try ResiliencePipeline("budget") { Retry(budget: RetryBudget("b")) }
    breaker = try ResiliencePipeline("breaker") { CircuitBreaking("b") }
    bulkhead = try ResiliencePipeline("bulkhead") { Bulkhead("b", limit: 100) }
    both = try ResiliencePipeline("both") {
      Retry()
      CircuitBreaking("b")
    }
    timeout = try ResiliencePipeline("timeout") { AttemptTimeout(.seconds(60)) }
  }

  @inline(never) static func nothing() async throws -> Int { 1 }

  func call(_ name: String, _ count: Int) async throws {
    var sum = 0
    switch name {
    case "empty": for _ in 0..<count { sum += try await empty.run { _ in try await Self.nothing() } }
    case "retry": for _ in 0..<count { sum += try await retry.run { _ in try await Self.nothing() } }
    case "retryWithBudget": for _ in 0..<count { sum += try await budget.run { _ in try await Self.nothing() } }
    case "breaker": for _ in 0..<count { sum += try await breaker.run { _ in try await Self.nothing() } }
    case "bulkhead": for _ in 0..<count { sum += try await bulkhead.run { _ in try await Self.nothing() } }
    case "retryAndBreaker": for _ in 0..<count { sum += try await both.run { _ in try await Self.nothing() } }
    case "attemptTimeout": for _ in 0..<count { sum += try await timeout.run { _ in try await Self.nothing() } }
    default: for _ in 0..<count { sum += try await Self.nothing() }
    }
    precondition(sum == count)
  }
}
