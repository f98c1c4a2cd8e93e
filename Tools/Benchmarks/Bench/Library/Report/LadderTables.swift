/// The ladder as tables in Markdown, for the guide `HowFastIsIt`: what each goal came to, what stands between the floor and the queue,
/// and where the time of a commit goes.
package enum LadderTables {
  private struct Line {
    let name: String
    let rungs: [String]
    /// Whether two processors could be at it at once.
    let isParallel: Bool

    /// - Parameter suffix: Of the names of the rungs.
    init(_ name: String, _ suffix: String, inMemory: String, queue: String, isParallel: Bool = true) {
      (self.name, self.isParallel) = (name, isParallel)
      let ways = ["engine-records", "task-records", "port-records"].map { "\($0)-\(suffix)" }
      rungs = ways + [inMemory, queue]
    }

    var queue: String { rungs[rungs.count - 1] }
  }

  private static let lines = [
    Line("one producer", "1", inMemory: "-", queue: "enqueue-1", isParallel: false),
    Line("64 at once", "64", inMemory: "inmemory-enqueue-64", queue: "enqueue-64"),
    Line("taken, 64 at once", "deliver", inMemory: "inmemory-deliver", queue: "deliver"),
  ]

  private static let stages: [(title: String, figure: String, digitCount: Int)] = [
    ("operations per commit", StageFigures.operations, 1), ("the floor for as many", StageFigures.floor, 0),
    ("between commits", StageFigures.between, 0),
    ("of it until the last producer is back", StageFigures.lastWayBack, 0),
    ("in commit", StageFigures.inCommit, 0), ("engine alone: to its thread", StageFigures.handOver, 0),
    ("engine alone: itself", StageFigures.engine, 0), ("engine alone: back", StageFigures.engineWayBack, 0),
    ("floors between commits", StageFigures.floorsBetween, 2), ("floors in commit", StageFigures.floorsInCommit, 2),
    ("floors in the engine alone", StageFigures.floorsInEngine, 2), ("processors busy", StageFigures.processors, 2),
  ]

  /// Empty when no rung beside the queue's own was measured.
  package static func tables(_ results: [BenchmarkResult]) -> [String] {
    let rungs = lines.flatMap { $0.rungs.dropLast() }
    guard results.contains(where: { rungs.contains($0.scenario) }) else { return [] }
    return [goals(results), self.rungs(results), stages(results)]
  }

  /// For each goal that is a ratio: what was reached, what each rung reached, and whether a rung shows it to be out of reach.
  private static func goals(_ results: [BenchmarkResult]) -> String {
    let head =
      ["goal", "", "reached (smallest to largest round)"] + rungNames
      + ["CPU µs of an operation, ours / floor", "both processors always busy", ""]
    return table(head, first: \.queue, results) { line, engine in
      func found(_ scenario: String) -> BenchmarkResult? {
        results.first { $0.scenario == scenario && $0.engine == engine }
      }
      guard let ours = found(line.queue), let ratio = ours.ratio else { return head.dropFirst(2).map { _ in "-" } }
      let rungs = line.rungs.dropLast().map(found)
      return [spread(ratio, ours)] + rungs.map { rung in rung?.ratio.map { spread($0, rung) } ?? "-" }
        + [processors(ours), line.isParallel ? bothBusy(ours) : "-", verdict(ours, rungs)]
    }
  }

  private static func spread(_ ratio: Double, _ result: BenchmarkResult?) -> String {
    guard let least = result?.ratios.min(), let most = result?.ratios.max() else { return short(ratio) }
    return "\(short(ratio)) (\(short(least)) to \(short(most)))"
  }

  private static func processors(_ result: BenchmarkResult) -> String {
    [result.processorMicroseconds, result.floorProcessorMicroseconds]
      .map { $0.map { BenchmarkReport.number($0, 1) } ?? "-" }.joined(separator: " / ")
  }

  /// The ratio if an operation's processor time were spread over two processors that never wait.
  private static func bothBusy(_ result: BenchmarkResult) -> String {
    guard let floorRate = result.floorRate, let used = result.processorMicroseconds else { return "-" }
    return short(1e6 / floorRate / (used / 2))
  }

  /// A rung without our code shows a goal to be out of reach of its way of storing when not even the best of its rounds came to it; one
  /// with our code shows which part of it is too much by itself.
  private static func verdict(_ ours: BenchmarkResult, _ rungs: [BenchmarkResult?]) -> String {
    guard let verdict = ours.verdicts.first(where: { $0.figure == nil }),
      let goal = BenchmarkGoal.all.first(where: { $0.scenario == ours.scenario && $0.figure == nil })
    else { return "-" }
    if verdict.isMet { return "\(verdict.goal): met" }
    let below = zip(rungNames, rungs).filter { _, rung in
      rung?.ratios.max().map { !goal.bound.isMet(by: $0) } ?? false
    }.map(\.0)
    let (bare, own) = (below.filter { !ownRungNames.contains($0) }, below.filter { ownRungNames.contains($0) })
    if !bare.isEmpty { return "\(verdict.goal): missed, out of reach of \(bare.joined(separator: ", "))" }
    if !own.isEmpty { return "\(verdict.goal): missed, and by \(own.joined(separator: ", ")) alone" }
    return "\(verdict.goal): missed, by no rung alone"
  }

  private static func short(_ number: Double) -> String { BenchmarkReport.number(number, 2) }

  /// In the order of the rungs of a line, without the queue itself.
  private static let rungNames = ["`engine-records`", "`task-records`"] + ownRungNames
  private static let ownRungNames = ["`port-records`", "`inmemory`"]

  /// Microseconds an operation by the clock, of ours and of the floor in the row's own rounds, and the ratio.
  private static func rungs(_ results: [BenchmarkResult]) -> String {
    table(["", ""] + rungNames + ["the queue"], results) { line, engine in
      line.rungs.map { rung in
        guard let result = results.first(where: { $0.scenario == rung && $0.engine == engine }),
          let rate = result.rate, let floorRate = result.floorRate, let ratio = result.ratio
        else { return "-" }
        let (ours, floor) = (BenchmarkReport.number(1e6 / rate, 1), BenchmarkReport.number(1e6 / floorRate, 1))
        return "\(ours) / \(floor) (\(BenchmarkReport.number(ratio, 2)))"
      }
    }
  }

  /// Microseconds a commit, where the title says nothing else.
  private static func stages(_ results: [BenchmarkResult]) -> String {
    table(["", ""] + stages.map(\.title), results) { line, engine in
      let figures = results.first { $0.scenario == line.queue && $0.engine == engine }?.figures ?? [:]
      return stages.map { stage in figures[stage.figure].map { BenchmarkReport.number($0, stage.digitCount) } ?? "-" }
    }
  }

  private static func table(
    _ head: [String], first: KeyPath<Line, String> = \.name, _ results: [BenchmarkResult],
    _ cells: (_ line: Line, _ engine: String) -> [String]
  ) -> String {
    var rows = [head, head.map { _ in "---" }]
    for line in lines {
      for engine in BenchmarkEngine.allCases.map(\.rawValue)
      where results.contains(where: { line.rungs.contains($0.scenario) && $0.engine == engine }) {
        rows.append([line[keyPath: first], engine] + cells(line, engine))
      }
    }
    return rows.map { "| " + $0.joined(separator: " | ") + " |" }.joined(separator: "\n")
  }
}
