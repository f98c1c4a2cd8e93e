import TomboloPorts

/// Reads one written value as its declared type.
struct ScalarReader {
  var type: OptionType

  /// The value, or what is wrong with it: the code, and the hint that helps.
  func read(_ text: String, isPlain: Bool) -> Result<OptionValue, Fault> {
    switch type {
    case .string: return .success(.string(text))
    case .url:
      if let fault = URLText.fault(in: text) { return .failure(Fault(.wrongType, hint: fault)) }
      return .success(.string(text))
    case .boolean: return boolean(text, isPlain: isPlain)
    case .integer(let range):
      guard isPlain else { return .failure(.quoted(text)) }
      guard let value = Self.integer(text) else { return .failure(Fault(.wrongType)) }
      return within(range, value).map { .integer($0) }
    case .number(let range):
      guard isPlain else { return .failure(.quoted(text)) }
      guard let value = Double(text), value.isFinite else { return .failure(Fault(.wrongType)) }
      return within(range, value).map { .number($0) }
    case .duration(let range):
      return unit(DurationText.parse(text)).flatMap { within(range, $0) }.map { .duration($0) }
    case .size(let range):
      return unit(SizeText.parse(text)).flatMap { within(range, $0) }.map { .size($0) }
    case .choice(let words):
      if words.contains(text) { return .success(.string(text)) }
      let nearest = NearestName.find(text, among: words)
      return .failure(Fault(.wrongType, hint: nearest.map { "did you mean \"\($0)\"?" }, suggestion: nearest))
    case .list, .map, .section: return .failure(Fault(.wrongType))
    }
  }

  /// Why a text is not the value it should be.
  struct Fault: Error {
    var code: ConfigurationProblem.Code
    var hint: String?
    var suggestion: String?

    init(_ code: ConfigurationProblem.Code, hint: String? = nil, suggestion: String? = nil) {
      self.code = code
      self.hint = hint
      self.suggestion = suggestion
    }

    static func quoted(_ text: String) -> Fault { Fault(.wrongType, hint: "in quotes it is a text: remove them") }
  }

  private func boolean(_ text: String, isPlain: Bool) -> Result<OptionValue, Fault> {
    guard isPlain else { return .failure(.quoted(text)) }
    switch text {
    case "true": return .success(.boolean(true))
    case "false": return .success(.boolean(false))
    default:
      let meant: String? =
        switch text.lowercased() {
        case "yes", "on", "y", "true", "1": "true"
        case "no", "off", "n", "false", "0": "false"
        default: nil
        }
      return .failure(Fault(.wrongType, hint: meant.map { "write \($0)" }, suggestion: meant))
    }
  }

  /// Decimal digits, with `_` between them if one likes. No leading zero: YAML 1.1 reads such a number as octal.
  private static func integer(_ text: String) -> Int? {
    let digits = text.first == "-" || text.first == "+" ? text.dropFirst() : text[...]
    guard digits.first != "_", digits.last != "_", digits.count == 1 || digits.first != "0",
      digits.allSatisfy({ $0 == "_" || $0.isASCII && $0.isNumber })
    else { return nil }
    return Int(text.filter { $0 != "_" })
  }

  private func unit<Value>(_ result: Result<Value, UnitNumberError>) -> Result<Value, Fault> {
    result.mapError { Fault(.wrongType, hint: $0.hint) }
  }

  private func within<Value>(_ range: ClosedRange<Value>, _ value: Value) -> Result<Value, Fault> {
    range.contains(value) ? .success(value) : .failure(Fault(.outOfRange))
  }
}
