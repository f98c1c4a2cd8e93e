import TomboloResilience

/// What a policy costs around a call that does nothing, in nanoseconds a call: the best of five rounds, alone and with four
/// tasks that share the pipeline, beside the same call without a pipeline.
///
///     resilience-overhead                      measures time
///     resilience-overhead --names              prints what is measured
///     resilience-overhead NAME COUNT [TASKS]   makes COUNT calls in so many tasks and nothing else, for a tool that counts
@main
struct ResilienceOverhead {
  static func main() async throws {
    let pipelines = try Pipelines()
    let arguments = CommandLine.arguments
    if arguments.count >= 3, let count = Int(arguments[2]) {
      let tasks = arguments.count > 3 ? Int(arguments[3]) ?? 1 : 1
      return try await call(pipelines, arguments[1], count, tasks: tasks)
    }
    if arguments.contains("--names") { return print(Pipelines.names.joined(separator: "\n")) }
    print("policy: ns a call alone, ns a call with four tasks")
    for name in Pipelines.names {
      let count = name.hasPrefix("attemptTimeout") || name.lowercased().hasSuffix("hedge") ? 20_000 : 500_000
      var best = [Duration.seconds(1_000), .seconds(1_000)]
      for _ in 0..<5 {
        for (place, tasks) in [1, 4].enumerated() {
          best[place] = min(
            best[place],
            try await ContinuousClock().measure { try await call(pipelines, name, count, tasks: tasks) })
        }
      }
      let each = best.map { "\(Int($0 / .nanoseconds(1)) / count)" }
      print("\(name): \(each[0]), \(each[1])")
    }
  }

  static func call(_ pipelines: Pipelines, _ name: String, _ count: Int, tasks: Int) async throws {
    guard tasks > 1 else { return try await pipelines.call(name, count) }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<tasks { group.addTask { try await pipelines.call(name, count / tasks) } }
      try await group.waitForAll()
    }
  }
}
