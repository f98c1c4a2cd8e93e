/// What one scenario gave with one engine.
package struct BenchmarkResult: Codable, Sendable {
  package struct Latencies: Codable, Sendable {
    /// In microseconds.
    package var p50, p99, p999, longest: Double
  }

  package var scenario: String
  package var engine: String
  /// The median of the rounds' ratios of ours to the floor; `nil` where nothing is the floor.
  package var ratio: Double?
  /// The ratio of each round, in order.
  package var ratios: [Double] = []
  /// Operations a second, the median of the rounds.
  package var rate: Double
  package var floorRate: Double?
  /// Microseconds of processor time for each operation, the median of the rounds.
  package var processorMicroseconds: Double?
  package var latencies: Latencies?
  /// Further figures by name, with their unit in the name.
  package var figures: [String: Double] = [:]
}
