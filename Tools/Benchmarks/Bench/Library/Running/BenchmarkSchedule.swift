/// In which order a run measures its scenarios, and how often.
///
/// A virtual machine has moods that last for minutes: its host moves its processors, or has other guests at its disk. So the scenarios
/// of the ladder, which all have a floor, may be measured in several passes, at the beginning, at the end, and in between.
enum BenchmarkSchedule {
  struct Step: Hashable {
    var scenario: BenchmarkScenario
    /// Whether nothing of the scenario comes after it.
    var isLast: Bool
  }

  /// - Parameter passCount: how often the scenarios of the ladder are measured; the others are measured once, in between. At least 1.
  static func steps(_ scenarios: [BenchmarkScenario], passCount: Int) -> [Step] {
    guard passCount > 1 else { return scenarios.map { Step(scenario: $0, isLast: true) } }
    let repeated = Set(BenchmarkScenario.ladder)
    let compared = scenarios.filter(repeated.contains)
    let others = scenarios.filter { !repeated.contains($0) }
    let gapCount = passCount - 1
    var steps: [Step] = []
    for pass in 0..<passCount {
      steps += compared.map { Step(scenario: $0, isLast: pass == gapCount) }
      guard pass < gapCount else { break }
      steps += others[others.count * pass / gapCount..<others.count * (pass + 1) / gapCount]
        .map { Step(scenario: $0, isLast: true) }
    }
    return steps
  }
}
