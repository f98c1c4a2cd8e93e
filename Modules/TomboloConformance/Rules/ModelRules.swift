/// Random commands, on the store and on a model of it side by side.
///
/// A difference is told with the shortest list of commands found that shows it; the violation tells the seed.
enum ModelRules {
  static let all = [commands, crash]

  static let commands = ConformanceRule(
    "model.commands",
    "A store answers like an ordered dictionary, whatever was committed, read and, when it is durable, opened again before."
  ) { trial in
    try await run(trial, withCrash: false)
  }

  static let crash = ConformanceRule(
    "model.crash", "A store answers like an ordered dictionary, even when the process dies between any two calls.",
    excluded: Exclusion.noCrash
  ) { trial in
    try await run(trial, withCrash: true)
  }

  private static func run(_ trial: StoreTrial, withCrash: Bool) async throws {
    var random = SeededGenerator(seed: trial.seed)
    for _ in 0..<4 {
      let commands = ModelCommand.list(60, for: trial.capabilities, withCrash: withCrash, using: &random)
      try await ModelTrial(trial: trial).run(commands)
    }
  }
}
