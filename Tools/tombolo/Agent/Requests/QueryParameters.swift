import HTTPTypes

/// The parameters of a request's query, each known and given at most once.
struct QueryParameters {
  private var values: [String: String] = [:]

  /// Takes the part after the question mark apart; throws an `AgentProblem` that names the parameter.
  init(_ query: String?, known: [String]) throws(AgentProblem) {
    for part in (query ?? "").split(separator: "&") {
      let halves = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = Self.decode(halves[0]), let value = Self.decode(halves.count > 1 ? halves[1] : "") else {
        throw AgentProblem(
          .badRequest, .invalidParameter, "the query is not percent-encoded UTF-8", field: String(halves[0].prefix(64)))
      }
      guard known.contains(name) else {
        let hint =
          known.isEmpty
          ? "this request takes none"
          : NearestName.of(name, among: known).map { "did you mean \($0)?" }
            ?? "known are \(known.joined(separator: ", "))"
        throw AgentProblem(.badRequest, .invalidParameter, "there is no parameter \(name): \(hint)", field: name)
      }
      guard values.updateValue(value, forKey: name) == nil else {
        throw AgentProblem(.badRequest, .invalidParameter, "the parameter \(name) is given twice", field: name)
      }
    }
  }

  /// The value of a parameter; `nil` when it is not given, or empty (`?state=&kind=orders.create`).
  subscript(_ name: String) -> String? {
    values[name].flatMap { $0.isEmpty ? nil : $0 }
  }

  /// Resolves `%41` and `+`; `nil` when that gives no UTF-8.
  private static func decode(_ text: Substring) -> String? {
    var bytes: [UInt8] = []
    var units = text.utf8.makeIterator()
    while let unit = units.next() {
      switch unit {
      case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
      case UInt8(ascii: "%"):
        guard let high = units.next().flatMap({ JSONScanner.hexadecimal($0) }),
          let low = units.next().flatMap({ JSONScanner.hexadecimal($0) })
        else { return nil }
        bytes.append(UInt8(high << 4 | low))
      default: bytes.append(unit)
      }
    }
    return String(validating: bytes, as: UTF8.self)
  }
}
