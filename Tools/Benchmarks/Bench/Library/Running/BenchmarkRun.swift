/// Measures every scenario with every engine, and with the peers that know it.
package enum BenchmarkRun {
  /// - Parameter tell: Called with each result as it is there.
  package static func measure(
    _ settings: BenchmarkSettings, tell: (BenchmarkResult) -> Void
  ) async throws -> [BenchmarkResult] {
    let stores = FilledStores(settings)
    let results: [BenchmarkResult]
    do {
      results = try await measure(settings, stores, tell: tell)
    } catch {
      do {
        try await stores.remove()
      } catch let later {
        throw BenchmarkError("\(error), and what was written is left: \(later)")
      }
      throw error
    }
    try await stores.remove()
    return results
  }

  private static func measure(
    _ settings: BenchmarkSettings, _ stores: FilledStores, tell: (BenchmarkResult) -> Void
  ) async throws -> [BenchmarkResult] {
    var results: [BenchmarkResult] = []
    for scenario in settings.scenarios {
      let peers = PeerProgram(settings)
      let rival = peers.flatMap { RivalRounds($0, scenario) }
      for engine in settings.engines {
        for result in try await scenario.measure(Rounds(engine: engine, settings: settings, rival: rival), stores) {
          let judged = BenchmarkGoal.judged(result)
          tell(judged)
          results.append(judged)
        }
      }
      var others: [BenchmarkResult] = []
      if let redis = await rival?.result { others.append(redis) }
      others += try await peers?.others(scenario) ?? []
      for other in others { tell(other) }
      results += others
    }
    return results
  }
}
