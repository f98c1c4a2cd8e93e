/// What is resident of a process that opens a store with a million operations and works with it, and of the one that filled it.
struct MemoryScenario {
  private static let storedCount = 1_000_000

  func measure(_ name: String, _ rounds: Rounds, _ stores: FilledStores) async throws -> BenchmarkResult {
    let (engine, settings) = (rounds.engine, rounds.settings)
    let storedCount = settings.count(Self.storedCount)
    let filled = try await stores.store(engine, count: storedCount)
    var opened: [MemoryReading] = []
    var worked: [MemoryReading] = []
    for report in try await stores.work(with: filled, engine) {
      opened.append(report.memory)
      if let memory = report.memoryAtWork { worked.append(memory) }
    }
    return BenchmarkResult(
      scenario: name, engine: engine.rawValue,
      processorMicroseconds: filled.report.processorSeconds / Double(storedCount) * 1e6,
      state: FilledStores.state(storedCount) + "; opened by a new process each round",
      figures: [
        FigureName.resident(storedCount): Meter.median(worked.map(\.resident)),
        "resident MiB at work, its own": Meter.median(worked.map(\.own)),
        "resident MiB once open": Meter.median(opened.map(\.resident)),
        "resident MiB once open, its own": Meter.median(opened.map(\.own)),
        "resident MiB after filling": filled.report.memory.resident,
        "resident MiB after filling, its own": filled.report.memory.own,
      ])
  }
}
