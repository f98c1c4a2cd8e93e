import Foundation

/// Results as a table for people, and as JSON.
package enum BenchmarkReport {
  package static let header =
    row(
      "scenario", "engine", "ratio", "goal", "met", "a second", "floor", "CPU µs", "p50 µs", "p99 µs", "p99.9 µs")

  /// One row, and below it a line for each further figure, with its goal.
  package static func line(_ result: BenchmarkResult) -> String {
    let verdict = result.verdicts.first { $0.figure == nil }
    var text = row(
      result.scenario, result.engine, cell(result.ratio, 2), verdict?.goal ?? "-",
      verdict.map { $0.isMet ? "yes" : "NO" } ?? "-", cell(result.rate, 0), cell(result.floorRate, 0),
      cell(result.processorMicroseconds, 1), cell(result.latencies?.p50, 0), cell(result.latencies?.p99, 0),
      cell(result.latencies?.p999, 0))
    if let state = result.state { text += "\n    state: \(state)" }
    for (name, value) in result.figures.sorted(by: { $0.key < $1.key }) {
      text += "\n    \(name): \(number(value, value.magnitude < 100 ? 2 : 0))"
      if let verdict = result.verdicts.first(where: { $0.figure == name }) {
        text += " (goal: \(verdict.goal), \(verdict.isMet ? "met" : "NOT met"))"
      }
    }
    return text
  }

  /// How many goals were met, and each that was not; empty when none was judged.
  package static func summary(_ results: [BenchmarkResult]) -> String {
    let verdicts = results.flatMap { result in result.verdicts.map { (result, $0) } }
    guard !verdicts.isEmpty else { return "" }
    var lines = ["\(verdicts.count { $0.1.isMet }) of \(verdicts.count) goals met."]
    for (result, verdict) in verdicts where !verdict.isMet {
      lines.append(
        "not met: \(result.scenario) \(result.engine), \(verdict.figure ?? "ratio") "
          + "\(number(verdict.value, 2)), goal \(verdict.goal)")
    }
    lines += BenchmarkGoal.unjudged(results).map { "not judged, because this run has not taken it: \($0)" }
    return lines.joined(separator: "\n")
  }

  package static func json(_ record: BenchmarkRecord) throws -> [UInt8] {
    Array(try OrderedJSON(record).text().utf8) + [UInt8(ascii: "\n")]
  }

  static func number(_ value: Double, _ digitCount: Int) -> String {
    value.formatted(
      .number.precision(.fractionLength(digitCount)).grouping(.never).locale(Locale(identifier: "en_US_POSIX")))
  }

  private static func cell(_ value: Double?, _ digitCount: Int) -> String {
    value.map { number($0, digitCount) } ?? "-"
  }

  private static func row(_ first: String, _ second: String, _ others: String...) -> String {
    func padded(_ text: String, _ width: Int) -> String {
      text + String(repeating: " ", count: max(1, width - text.count))
    }
    let widths = [6, 14, 5]
    let right = others.enumerated().map { index, text in
      let width = index < widths.count ? widths[index] : 10
      return String(repeating: " ", count: max(1, width - text.count)) + text
    }
    return padded(first, 19) + padded(second, 12) + right.joined()
  }
}
