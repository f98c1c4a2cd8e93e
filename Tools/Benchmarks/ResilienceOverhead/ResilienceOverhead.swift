import TomboloResilience

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What a policy costs around a call that does nothing, in nanoseconds of processor time a call, beside the same call without a
/// pipeline. Processor time, because time on the wall tells what else the machine does; it holds the work of the runtime's other
/// threads as well. Alone it is the best of the rounds. With four tasks that share the pipeline it is the median: the best would be a
/// round in which the tasks took turns and never met. Beside it, how many processors the round kept busy; a task that waits for a
/// lock keeps none, so where there is contention that is fewer than the tasks could use.
///
///     resilience-overhead                      measures time
///     resilience-overhead --names              prints what is measured
///     resilience-overhead NAME COUNT [TASKS]   makes COUNT calls in so many tasks and nothing else, for a tool that counts
@main
struct ResilienceOverhead {
  private static let roundCount = 10

  static func main() async throws {
    let pipelines = try Pipelines()
    let arguments = CommandLine.arguments
    if arguments.count >= 3, let count = Int(arguments[2]) {
      let tasks = arguments.count > 3 ? Int(arguments[3]) ?? 1 : 1
      return try await call(pipelines, arguments[1], count, tasks: tasks)
    }
    if arguments.contains("--names") { return print(Pipelines.names.joined(separator: "\n")) }
    print("policy: ns of processor a call alone; with four tasks (processors kept busy)")
    for name in Pipelines.names {
      let isSlow = name.hasPrefix("attemptTimeout") || name.lowercased().hasSuffix("hedge")
      let alone = try await costAlone(pipelines, name, count: isSlow ? 5_000 : 100_000)
      let (shared, busy) = try await costShared(pipelines, name, count: isSlow ? 40_000 : 1_000_000)
      print("\(name): \(alone); \(shared) (\((busy * 10).rounded() / 10))")
      // Each line as soon as it is there, also into a file.
      fflush(nil)
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

  /// The median of the rounds in four tasks, and how many processors that round kept busy. The rounds are long, so that the time in
  /// which the tasks begin and end does not count.
  private static func costShared(
    _ pipelines: Pipelines, _ name: String, count: Int
  ) async throws -> (nanoseconds: Int, processors: Double) {
    var rounds: [(cost: Int, processors: Double)] = []
    for _ in 0..<roundCount {
      let (start, wallStart) = (processorNanoseconds(), ContinuousClock.now)
      try await call(pipelines, name, count, tasks: 4)
      let cost = processorNanoseconds() - start
      rounds.append((cost, Double(cost) / ((ContinuousClock.now - wallStart) / .nanoseconds(1))))
    }
    let median = rounds.sorted { $0.cost < $1.cost }[roundCount / 2]
    return (median.cost / count, median.processors)
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
