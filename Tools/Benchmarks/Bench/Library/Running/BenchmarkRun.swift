/// Measures every scenario with every engine, and with the peers that know it.
package enum BenchmarkRun {
  /// - Returns: The results, in the order of the settings' scenarios.
  /// - Parameter tell: Called with each result as it is there, and with the names of its figures that came out as no number and were left
  ///   out: what else was measured is not lost for them.
  package static func measure(
    _ settings: BenchmarkSettings, tell: (BenchmarkResult, _ missing: [String]) -> Void
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
    _ settings: BenchmarkSettings, _ stores: FilledStores, tell: (BenchmarkResult, _ missing: [String]) -> Void
  ) async throws -> [BenchmarkResult] {
    var results: [BenchmarkScenario: [BenchmarkResult]] = [:]
    let peers = PeerProgram(settings)
    let passes = PassesSoFar()
    var rivals: [BenchmarkScenario: RivalRounds] = [:]
    for step in BenchmarkSchedule.steps(settings.scenarios, passCount: settings.passCount) {
      let scenario = step.scenario
      if rivals[scenario] == nil, let peers { rivals[scenario] = RivalRounds(peers, scenario) }
      let rival = rivals[scenario]
      for engine in settings.engines {
        let rounds = Rounds(engine: engine, settings: settings, rival: rival, passes: passes)
        for result in try await scenario.measure(rounds, stores) where step.isLast {
          let (finite, missing) = result.finite
          let judged = BenchmarkGoal.judged(finite)
          tell(judged, missing)
          results[scenario, default: []].append(judged)
        }
      }
      guard step.isLast else { continue }
      var others: [BenchmarkResult] = []
      if let redis = await rival?.result { others.append(redis) }
      others += try await peers?.others(scenario) ?? []
      for other in others {
        let (finite, missing) = other.finite
        tell(finite, missing)
        results[scenario, default: []].append(finite)
      }
    }
    return settings.scenarios.flatMap { results[$0] ?? [] }
  }
}
