import TomboloResilience

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What a policy costs around a call that does nothing, in nanoseconds of processor time a call, beside the same call without a
/// pipeline. Processor time, because time on the wall tells what else the machine does; it holds the work of the runtime's other
/// threads as well. Alone it is the best of the rounds. With four tasks that share the pipeline it is the median of those rounds in
/// which the tasks really ran side by side: the best would be one in which they took turns and never met.
///
///     resilience-overhead                      measures time
///     resilience-overhead --names              prints what is measured
///     resilience-overhead NAME COUNT [TASKS]   makes COUNT calls in so many tasks and nothing else, for a tool that counts
@main
struct ResilienceOverhead {
  private static let roundCount = 10
  /// A machine that does something else as well may take so many until enough were parallel.
  private static let roundMaximum = 60
  /// So much processor time for each second on the wall, and two threads have run nearly all of the time.
  private static let parallelismMinimum = 1.6

  static func main() async throws {
    let pipelines = try Pipelines()
    let arguments = CommandLine.arguments
    if arguments.count >= 3, let count = Int(arguments[2]) {
      let tasks = arguments.count > 3 ? Int(arguments[3]) ?? 1 : 1
      return try await call(pipelines, arguments[1], count, tasks: tasks)
    }
    if arguments.contains("--names") { return print(Pipelines.names.joined(separator: "\n")) }
    print("policy: ns of processor a call alone; with four tasks (rounds that were parallel)")
    for name in Pipelines.names {
      let isSlow = name.hasPrefix("attemptTimeout") || name.lowercased().hasSuffix("hedge")
      let alone = try await costAlone(pipelines, name, count: isSlow ? 5_000 : 100_000)
      let (shared, rounds) = try await costShared(pipelines, name, count: isSlow ? 40_000 : 1_000_000)
      print("\(name): \(alone), \(shared.map(String.init) ?? "not parallel") (\(rounds))")
    }
  }

  /// The best of the rounds in one task.
  private static func costAlone(_ pipelines: Pipelines, _ name: String, count: Int) async throws -> Int {
    var best = Int.max
    for _ in 0..<roundCount {
      let start = processorNanoseconds()
      try await call(pipelines, name, count, tasks: 1)
      best = min(best, processorNanoseconds() - start)
    }
    return best / count
  }

  /// The median of the parallel rounds in four tasks, and how many those were; `nil` where none was.
  private static func costShared(
    _ pipelines: Pipelines, _ name: String, count: Int
  ) async throws -> (nanoseconds: Int?, rounds: Int) {
    var costs: [Int] = []
    for _ in 0..<roundMaximum where costs.count < roundCount {
      let (start, wallStart) = (processorNanoseconds(), ContinuousClock.now)
      try await call(pipelines, name, count, tasks: 4)
      let cost = processorNanoseconds() - start
      let wall = (ContinuousClock.now - wallStart) / .nanoseconds(1)
      if Double(cost) / wall >= parallelismMinimum { costs.append(cost / count) }
    }
    return (costs.isEmpty ? nil : costs.sorted()[costs.count / 2], costs.count)
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
