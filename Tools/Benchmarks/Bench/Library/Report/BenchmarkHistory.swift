import Foundation

/// The page that compares the records of several versions.
package enum BenchmarkHistory {
  /// Markdown: the machines first, then a row for each scenario and engine with a column for each version, the newest first.
  package static func page(_ records: [BenchmarkRecord]) -> String {
    let records = records.sorted {
      ($0.version ?? "").compare($1.version ?? "", options: .numeric) == .orderedDescending
    }
    var lines = [
      "# Benchmarks by version", "",
      "Written by `Tools/bench --record`, which measures and adds a version; nothing here is written by hand.",
      "What each row means and what bounds it: the guide `HowFastIsIt`. Each cell has the ratio to the floor, where there is one,",
      "the rate a second, the processor time of an operation, latencies and further figures; compare columns of the same machine only.",
      "`3 × 5` rounds: the scenarios of the ladder, `enqueue-1`, `enqueue-64` and `deliver` among them, in three passes of five, others once.",
      "",
    ]
    lines += table(
      ["version", "day", "machine", "software", "rounds", "scale", "payload"],
      records.map { record in
        [
          record.version ?? "-", record.day, record.machine.description,
          record.software.joined(separator: ", "),
          record.passCount.map { "\($0) × \(record.roundCount)" } ?? "\(record.roundCount)",
          BenchmarkReport.number(record.scale, 2), "\(record.payloadByteCount) B",
        ]
      })
    lines += ["", "## Goals", ""]
    lines += table(["scenario", "engine", "figure", "goal"] + records.map { $0.version ?? "-" }, goalRows(records))
    lines += ["", "## All", ""]
    lines += table(["scenario", "engine"] + records.map { $0.version ?? "-" }, rows(records))
    return lines.joined(separator: "\n") + "\n"
  }

  private static func goalRows(_ records: [BenchmarkRecord]) -> [[String]] {
    struct Row: Hashable { var scenario, engine, figure, goal: String }
    var order: [Row] = []
    var cells: [Row: [Int: BenchmarkVerdict]] = [:]
    for (index, record) in records.enumerated() {
      for result in record.results {
        for verdict in result.verdicts {
          let row = Row(
            scenario: result.scenario, engine: result.engine, figure: verdict.figure ?? "ratio", goal: verdict.goal)
          if cells[row] == nil { order.append(row) }
          cells[row, default: [:]][index] = verdict
        }
      }
    }
    return order.map { row in
      [row.scenario, row.engine, row.figure, row.goal]
        + records.indices.map { index in
          guard let verdict = cells[row]?[index] else { return "-" }
          let value = BenchmarkReport.number(verdict.value, 2)
          return verdict.isMet ? value : "**\(value)** not met"
        }
    }
  }

  private static func rows(_ records: [BenchmarkRecord]) -> [[String]] {
    struct Row: Hashable { var scenario, engine: String }
    var order: [Row] = []
    var cells: [Row: [Int: BenchmarkResult]] = [:]
    for (index, record) in records.enumerated() {
      for result in record.results {
        let row = Row(scenario: result.scenario, engine: result.engine)
        if cells[row] == nil { order.append(row) }
        cells[row, default: [:]][index] = result
      }
    }
    return order.map { row in
      [row.scenario, row.engine]
        + records.indices.map { index in
          guard let result = cells[row]?[index] else { return "-" }
          return cell(result)
        }
    }
  }

  /// Everything that was taken: the ratio first, then the rate, what an operation costs, latencies, and a line for each further figure.
  private static func cell(_ result: BenchmarkResult) -> String {
    var parts: [String] = []
    func add(_ value: Double?, _ digitCount: Int, _ text: (String) -> String) {
      if let value { parts.append(text(BenchmarkReport.number(value, digitCount))) }
    }
    add(result.ratio, 2) { $0 }
    add(result.rate, 0) { "\($0)/s" }
    add(result.processorMicroseconds, 1) { "CPU \($0) µs" }
    add(result.latencies?.p50, 0) { "p50 \($0) µs" }
    add(result.latencies?.p99, 0) { "p99 \($0) µs" }
    let figures = result.figures.sorted { $0.key < $1.key }.map { "\($0.key): \(BenchmarkReport.number($0.value, 2))" }
    return ([parts.joined(separator: ", "), result.state ?? ""] + figures).filter { !$0.isEmpty }.joined(
      separator: "<br>")
  }

  private static func table(_ head: [String], _ rows: [[String]]) -> [String] {
    func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }
    return [line(head), line(head.map { _ in "---" })] + rows.map(line)
  }
}
