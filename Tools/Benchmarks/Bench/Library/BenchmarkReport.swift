import Foundation

/// Results as a table for people, and as JSON.
package enum BenchmarkReport {
  package static let header =
    row("scenario", "engine", "ratio", "a second", "floor", "CPU µs", "p50 µs", "p99 µs", "p99.9 µs")

  package static func line(_ result: BenchmarkResult) -> String {
    var text = row(
      result.scenario, result.engine, result.ratio.map { number($0, 2) } ?? "-", number(result.rate, 0),
      result.floorRate.map { number($0, 0) } ?? "-", result.processorMicroseconds.map { number($0, 1) } ?? "-",
      result.latencies.map { number($0.p50, 0) } ?? "-", result.latencies.map { number($0.p99, 0) } ?? "-",
      result.latencies.map { number($0.p999, 0) } ?? "-")
    for (name, value) in result.figures.sorted(by: { $0.key < $1.key }) {
      text += "\n    \(name): \(number(value, value < 100 ? 2 : 0))"
    }
    return text
  }

  package static func json(_ results: [BenchmarkResult]) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    return Array(try encoder.encode(results))
  }

  private static func number(_ value: Double, _ digitCount: Int) -> String {
    value.formatted(
      .number.precision(.fractionLength(digitCount)).grouping(.never).locale(Locale(identifier: "en_US_POSIX")))
  }

  private static func row(_ first: String, _ second: String, _ others: String...) -> String {
    func padded(_ text: String, _ width: Int) -> String {
      text + String(repeating: " ", count: max(0, width - text.count))
    }
    let right = others.map { String(repeating: " ", count: max(1, 10 - $0.count)) + $0 }.joined()
    return padded(first, 15) + padded(second, 8) + right
  }
}
