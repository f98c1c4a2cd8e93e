/// What a figure of a scenario shall reach.
package struct BenchmarkGoal: Sendable {
  package enum Bound: Sendable {
    case atLeast(Double), atMost(Double), under(Double)

    func isMet(by value: Double) -> Bool {
      switch self {
      case .atLeast(let bound): value >= bound
      case .atMost(let bound): value <= bound
      case .under(let bound): value < bound
      }
    }
  }

  var scenario: String
  /// `nil` for all.
  var engines: Set<BenchmarkEngine>?
  /// The name of the figure; `nil` for the ratio.
  var figure: String?
  var bound: Bound

  init(_ scenario: String, _ engines: Set<BenchmarkEngine>? = nil, figure: String? = nil, wants bound: Bound) {
    (self.scenario, self.engines, self.figure, self.bound) = (scenario, engines, figure, bound)
  }

  /// The goals of the project. A figure that a run has not taken, such as that of a peer, is not judged.
  package static let all = [
    BenchmarkGoal("enqueue-1", wants: .atLeast(0.9)),
    BenchmarkGoal("enqueue-64", wants: .atLeast(0.8)),
    BenchmarkGoal("enqueue-64", figure: FigureName.timesRedis, wants: .atLeast(2)),
    BenchmarkGoal("deliver", wants: .atLeast(0.6)),
    BenchmarkGoal("backlog-enqueue-1", figure: FigureName.timesTheCost(1_000_000), wants: .atMost(1.3)),
    BenchmarkGoal("backlog-enqueue-1", figure: FigureName.timesTheProcessorTime(1_000_000), wants: .atMost(1.3)),
    BenchmarkGoal("backlog-enqueue-64", figure: FigureName.timesTheCost(1_000_000), wants: .atMost(1.3)),
    BenchmarkGoal("backlog-enqueue-64", figure: FigureName.timesTheProcessorTime(1_000_000), wants: .atMost(1.3)),
    BenchmarkGoal("backlog-settle", figure: FigureName.timesTheCost(1_000_000), wants: .atMost(1.3)),
    BenchmarkGoal("backlog-settle", figure: FigureName.timesTheProcessorTime(1_000_000), wants: .atMost(1.3)),
    BenchmarkGoal("memory", [.sqlite, .lmdb], figure: FigureName.resident(1_000_000), wants: .under(64)),
    BenchmarkGoal("recovery", figure: FigureName.firstMedianMilliseconds, wants: .under(1)),
    BenchmarkGoal("recovery", figure: FigureName.firstP99Milliseconds, wants: .under(10)),
  ]

  /// `result` with the verdicts of the goals that are about it.
  package static func judged(_ result: BenchmarkResult, by goals: [BenchmarkGoal] = all) -> BenchmarkResult {
    var judged = result
    judged.verdicts = goals.compactMap { $0.verdict(on: result) }
    return judged
  }

  /// What of `goals` a run has measured the scenario of, but not the figure: a peer was not asked, or less was stored. In words.
  static func unjudged(_ results: [BenchmarkResult], by goals: [BenchmarkGoal] = all) -> [String] {
    goals.compactMap { goal in
      let engines = results.filter { goal.isAbout($0) && goal.verdict(on: $0) == nil }.map(\.engine)
      guard !engines.isEmpty else { return nil }
      return "\(goal.scenario) \(engines.joined(separator: ", ")), \(goal.figure ?? "ratio"), goal \(goal.bound)"
    }
  }

  private func isAbout(_ result: BenchmarkResult) -> Bool {
    guard result.scenario == scenario, let engine = BenchmarkEngine(rawValue: result.engine) else { return false }
    return engines?.contains(engine) ?? true
  }

  private func verdict(on result: BenchmarkResult) -> BenchmarkVerdict? {
    guard isAbout(result), let value = figure.map({ result.figures[$0] }) ?? result.ratio else { return nil }
    return BenchmarkVerdict(figure: figure, goal: "\(bound)", value: value, isMet: bound.isMet(by: value))
  }
}

extension BenchmarkGoal.Bound: CustomStringConvertible {
  package var description: String {
    switch self {
    case .atLeast(let bound): "at least \(Self.short(bound))"
    case .atMost(let bound): "at most \(Self.short(bound))"
    case .under(let bound): "under \(Self.short(bound))"
    }
  }

  private static func short(_ number: Double) -> String {
    number == number.rounded() && number.magnitude < 1e9 ? "\(Int(number))" : "\(number)"
  }
}

/// Whether a goal was reached.
package struct BenchmarkVerdict: Codable, Hashable, Sendable {
  /// The name of the figure; `nil` for the ratio.
  package var figure: String?
  /// The goal in words: `at least 0.9`.
  package var goal: String
  package var value: Double
  package var isMet: Bool
}

/// The names of the figures that goals are about.
enum FigureName {
  static let smallestRatio = "ratio, smallest of the rounds"
  static let largestRatio = "ratio, largest of the rounds"
  static let processorDistance = "ns from one processor to another and back"
  static let timesRedis = "times Redis Streams"
  static let firstMedianMilliseconds = "ms to the first delivery, median"
  static let firstP99Milliseconds = "ms to the first delivery, p99"

  /// Of a process that has opened a store with so many operations, and worked with it.
  static func resident(_ stored: Int) -> String { "resident MiB at work, with \(stored) stored" }

  /// By the clock, beside so many stored operations; the cost beside a thousand is 1. The disk's share of it differs from moment to moment.
  static func timesTheCost(_ stored: Int) -> String { "times the cost by the clock, with \(stored) stored" }

  /// The same by processor time, which a busy disk does not change.
  static func timesTheProcessorTime(_ stored: Int) -> String {
    "times the cost by processor time, with \(stored) stored"
  }
}
