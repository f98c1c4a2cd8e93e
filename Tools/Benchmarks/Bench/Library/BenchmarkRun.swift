/// Measures every scenario with every engine.
package enum BenchmarkRun {
  /// - Parameter tell: Called with each result as it is there.
  package static func measure(
    _ settings: BenchmarkSettings, tell: (BenchmarkResult) -> Void
  ) async throws -> [BenchmarkResult] {
    var results: [BenchmarkResult] = []
    for scenario in settings.scenarios {
      for engine in settings.engines {
        let result = try await scenario.measure(engine, settings)
        tell(result)
        results.append(result)
      }
    }
    return results
  }
}
