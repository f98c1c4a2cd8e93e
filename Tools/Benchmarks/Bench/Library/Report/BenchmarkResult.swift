/// What one scenario gave with one engine, or with one peer.
package struct BenchmarkResult: Codable, Hashable, Sendable {
  package struct Latencies: Codable, Hashable, Sendable {
    /// In microseconds.
    package var p50, p99, p999, longest: Double
  }

  package var scenario: String
  /// The name of the engine, or of the peer.
  package var engine: String
  /// The median of the rounds' ratios of ours to the floor; `nil` where nothing is the floor.
  package var ratio: Double?
  /// The ratio of each round, in order.
  package var ratios: [Double] = []
  /// Operations a second, the median of the rounds; `nil` where the scenario is not about a rate.
  package var rate: Double?
  package var floorRate: Double?
  /// Microseconds of processor time for each operation, the median of the rounds.
  package var processorMicroseconds: Double?
  /// The same of the floor.
  package var floorProcessorMicroseconds: Double?
  package var latencies: Latencies?
  /// What the store was like that was measured, where that is not a fresh one: how it came about, and whether it was in the system's cache.
  package var state: String?
  /// Further figures by name, with their unit in the name.
  package var figures: [String: Double] = [:]
  /// What was wanted, and whether it was reached.
  package var verdicts: [BenchmarkVerdict] = []

  /// The result without what is no number, as after a division by a time of zero, which JSON does not have; and the names of that.
  package var finite: (result: BenchmarkResult, missing: [String]) {
    var (result, missing) = (self, [String]())
    func keep(_ figure: WritableKeyPath<BenchmarkResult, Double?>, _ name: String) {
      guard let value = result[keyPath: figure], !value.isFinite else { return }
      result[keyPath: figure] = nil
      missing.append(name)
    }
    keep(\.ratio, "ratio")
    keep(\.rate, "rate")
    keep(\.floorRate, "floor's rate")
    keep(\.processorMicroseconds, "processor time")
    keep(\.floorProcessorMicroseconds, "floor's processor time")
    if !result.ratios.allSatisfy(\.isFinite) {
      result.ratios = []
      missing.append("ratios of the rounds")
    }
    if let latencies, ![latencies.p50, latencies.p99, latencies.p999, latencies.longest].allSatisfy(\.isFinite) {
      result.latencies = nil
      missing.append("latencies")
    }
    let none = figures.filter { !$0.value.isFinite }.keys.sorted()
    for name in none { result.figures[name] = nil }
    return (result, missing + none)
  }
}
