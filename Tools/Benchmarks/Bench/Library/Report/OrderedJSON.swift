import Foundation

/// JSON whose members stand in the order in which they were given: the ratio to the floor first in each result.
enum OrderedJSON {
  case object([(String, OrderedJSON)])
  case array([OrderedJSON])
  case text(String)
  case number(Double)
  case flag(Bool)

  /// - Throws: `BenchmarkError` for a number that JSON does not have.
  func text(indentation: String = "") throws -> String {
    let inner = indentation + "  "
    switch self {
    case .object(let members):
      guard !members.isEmpty else { return "{}" }
      let lines = try members.map { "\(inner)\(try Self.quoted($0)): \(try $1.text(indentation: inner))" }
      return "{\n" + lines.joined(separator: ",\n") + "\n\(indentation)}"
    case .array(let elements):
      guard !elements.isEmpty else { return "[]" }
      let lines = try elements.map { inner + (try $0.text(indentation: inner)) }
      return "[\n" + lines.joined(separator: ",\n") + "\n\(indentation)]"
    case .text(let text): return try Self.quoted(text)
    case .number(let number):
      guard number.isFinite else { throw BenchmarkError("a figure is \(number)") }
      return number == number.rounded() && number.magnitude < 1e15 ? "\(Int(number))" : "\(number)"
    case .flag(let flag): return "\(flag)"
    }
  }

  private static func quoted(_ text: String) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    return String(decoding: try encoder.encode(text), as: UTF8.self)
  }
}

extension OrderedJSON {
  /// With the names that `BenchmarkRecord` is decoded by.
  init(_ record: BenchmarkRecord) {
    var members: [(String, OrderedJSON)] = []
    if let version = record.version { members.append(("version", .text(version))) }
    members += [
      ("day", .text(record.day)), ("machine", OrderedJSON(record.machine)),
      ("software", .array(record.software.map { .text($0) })),
      ("roundCount", .number(Double(record.roundCount))),
    ]
    if let passCount = record.passCount { members.append(("passCount", .number(Double(passCount)))) }
    members += [
      ("scale", .number(record.scale)), ("payloadByteCount", .number(Double(record.payloadByteCount))),
      ("results", .array(record.results.map { OrderedJSON($0) })),
    ]
    self = .object(members)
  }

  private init(_ machine: BenchmarkMachine) {
    self = .object([
      ("processor", .text(machine.processor)), ("processorCount", .number(Double(machine.processorCount))),
      ("memoryMebibytes", .number(Double(machine.memoryMebibytes))), ("system", .text(machine.system)),
      ("fileSystem", .text(machine.fileSystem)), ("isDebugBuild", .flag(machine.isDebugBuild)),
    ])
  }

  private init(_ result: BenchmarkResult) {
    var members: [(String, OrderedJSON)] = []
    func add(_ name: String, _ value: Double?) {
      if let value { members.append((name, .number(value))) }
    }
    add("ratio", result.ratio)
    members.append(("scenario", .text(result.scenario)))
    members.append(("engine", .text(result.engine)))
    if let state = result.state { members.append(("state", .text(state))) }
    members.append(("ratios", .array(result.ratios.map { .number($0) })))
    members.append(("verdicts", .array(result.verdicts.map { OrderedJSON($0) })))
    add("rate", result.rate)
    add("floorRate", result.floorRate)
    add("processorMicroseconds", result.processorMicroseconds)
    add("floorProcessorMicroseconds", result.floorProcessorMicroseconds)
    if let latencies = result.latencies {
      let values = [
        ("p50", latencies.p50), ("p99", latencies.p99), ("p999", latencies.p999), ("longest", latencies.longest),
      ]
      members.append(("latencies", .object(values.map { ($0, .number($1)) })))
    }
    let figures = result.figures.sorted { $0.key < $1.key }.map { ($0.key, OrderedJSON.number($0.value)) }
    members.append(("figures", .object(figures)))
    self = .object(members)
  }

  private init(_ verdict: BenchmarkVerdict) {
    var members: [(String, OrderedJSON)] = []
    if let figure = verdict.figure { members.append(("figure", .text(figure))) }
    members += [
      ("goal", .text(verdict.goal)), ("value", .number(verdict.value)), ("isMet", .flag(verdict.isMet)),
    ]
    self = .object(members)
  }
}
