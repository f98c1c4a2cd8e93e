import TomboloResilience

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What a policy costs around a call that does nothing, in nanoseconds of processor time a call: the best of several rounds, alone
/// and with four tasks that share the pipeline, beside the same call without a pipeline. Processor time, because time on the wall
/// tells what else the machine does; it holds the work of the runtime's other threads as well.
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
    print("policy: ns of processor a call alone, with four tasks")
    for name in Pipelines.names {
      let count = name.hasPrefix("attemptTimeout") || name.lowercased().hasSuffix("hedge") ? 5_000 : 100_000
      var best = [Int.max, Int.max]
      for _ in 0..<10 {
        for (place, tasks) in [1, 4].enumerated() {
          let start = processorNanoseconds()
          try await call(pipelines, name, count, tasks: tasks)
          best[place] = min(best[place], processorNanoseconds() - start)
        }
      }
      print("\(name): \(best[0] / count), \(best[1] / count)")
    }
  }

  /// The processor time of all threads since the program began.
  static func processorNanoseconds() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
  }

  static func call(_ pipelines: Pipelines, _ name: String, _ count: Int, tasks: Int) async throws {
    guard tasks > 1 else { return try await pipelines.call(name, count) }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<tasks { group.addTask { try await pipelines.call(name, count / tasks) } }
      try await group.waitForAll()
    }
  }
}
