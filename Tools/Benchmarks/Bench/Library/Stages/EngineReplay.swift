import TomboloPorts
import TomboloStorage

/// Gives an engine, the shortest way and on a thread of its own like the plugins', the very commits that a queue has made: how much of a
/// commit is the engine and its flush, and how much the way to its thread and back.
struct EngineReplay {
  /// Of the commits that count, together.
  struct Reading {
    var commitCount = 0
    /// From the call until the thread of the engine begins.
    var handOver = Duration.zero
    /// The engine and its flush.
    var engine = Duration.zero
    /// From its end until the caller goes on.
    var wayBack = Duration.zero
  }

  var engine: BenchmarkEngine

  /// - Parameter log: Of those before `earlierCount` only what they store matters.
  func measure(_ log: (commits: ArraySlice<[Mutation]>, earlierCount: Int), in folder: String) async throws -> Reading {
    let thread = try EngineThread()
    try await thread.open(engine, in: folder)
    var reading = Reading()
    for (index, mutations) in log.commits.enumerated() {
      let asked = ContinuousClock.now
      let (began, ended) = try await thread.commit(mutations)
      let back = ContinuousClock.now
      guard index >= log.earlierCount else { continue }
      reading.commitCount += 1
      reading.handOver += asked.duration(to: began)
      reading.engine += began.duration(to: ended)
      reading.wayBack += ended.duration(to: back)
    }
    return reading
  }
}

/// The engine on its thread.
private actor EngineThread {
  private let executor: SerialThreadExecutor
  private var floor: (any RecordsFloor)?

  init() throws { executor = try SerialThreadExecutor(name: "bench-engine") }

  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  func open(_ engine: BenchmarkEngine, in folder: String) throws { floor = try engine.recordsFloor(in: folder) }

  func commit(_ mutations: [Mutation]) throws -> (began: ContinuousClock.Instant, ended: ContinuousClock.Instant) {
    let began = ContinuousClock.now
    try floor?.commit(mutations)
    return (began, .now)
  }
}
