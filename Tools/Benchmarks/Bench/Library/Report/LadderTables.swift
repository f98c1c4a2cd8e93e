/// The ladder as tables in Markdown, for the guide `HowFastIsIt`: what stands between the floor and the queue, and where the time of a
/// commit goes.
package enum LadderTables {
  private static let lines: [(name: String, rungs: [String])] = [
    ("one producer", ["engine-records-1", "one-record-1", "-", "port-records-1", "-", "enqueue-1"]),
    (
      "64 at once",
      [
        "engine-records-64", "one-record-64", "task-records-64", "port-records-64", "inmemory-enqueue-64", "enqueue-64",
      ]
    ),
    (
      "taken, 64 at once",
      [
        "engine-records-deliver", "one-record-deliver", "task-records-deliver", "port-records-deliver",
        "inmemory-deliver", "deliver",
      ]
    ),
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
    return [self.rungs(results), stages(results)]
  }

  /// Microseconds an operation by the clock, of ours and of the floor in the row's own rounds, and the ratio.
  private static func rungs(_ results: [BenchmarkResult]) -> String {
    let head = [
      "", "", "`engine-records`", "`one-record`", "`task-records`", "`port-records`", "`inmemory`", "the queue",
    ]
    return table(head, results) { line, engine in
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
      let figures = results.first { $0.scenario == line.rungs.last && $0.engine == engine }?.figures ?? [:]
      return stages.map { stage in figures[stage.figure].map { BenchmarkReport.number($0, stage.digitCount) } ?? "-" }
    }
  }

  private static func table(
    _ head: [String], _ results: [BenchmarkResult],
    _ cells: (_ line: (name: String, rungs: [String]), _ engine: String) -> [String]
  ) -> String {
    var rows = [head, head.map { _ in "---" }]
    for line in lines {
      for engine in BenchmarkEngine.allCases.map(\.rawValue)
      where results.contains(where: { line.rungs.contains($0.scenario) && $0.engine == engine }) {
        rows.append([line.name, engine] + cells(line, engine))
      }
    }
    return rows.map { "| " + $0.joined(separator: " | ") + " |" }.joined(separator: "\n")
  }
}
