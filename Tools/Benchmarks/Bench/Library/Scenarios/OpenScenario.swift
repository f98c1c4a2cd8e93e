import Histogram

/// How long a process takes to open a store with so many operations, until its status is known.
struct OpenScenario {
  var storedCount: Int

  func measure(_ name: String, _ rounds: Rounds, _ stores: FilledStores) async throws -> BenchmarkResult {
    let (engine, settings) = (rounds.engine, rounds.settings)
    let filled = try await stores.store(engine, count: settings.count(storedCount))
    var reports: [ChildReport] = []
    var histogram = Meter.histogram()
    // The first one reads what nobody has read yet, and does not count.
    for round in 0...settings.roundCount {
      let report = try await OtherProcess.report(.open, [engine.rawValue, filled.folder], settings: settings)
      guard round > 0 else { continue }
      reports.append(report)
      histogram.record(UInt64(report.seconds * 1e9))
    }
    return BenchmarkResult(
      scenario: name, engine: engine.rawValue,
      processorMicroseconds: Meter.median(reports.map(\.processorSeconds)) * 1e6,
      latencies: BenchmarkResult.Latencies(histogram),
      state: FilledStores.state(settings.count(storedCount)) + "; opened by a new process each round",
      figures: [
        "ms to open": Meter.median(reports.map(\.seconds)) * 1_000,
        "operations stored": Double(settings.count(storedCount)),
      ])
  }
}
