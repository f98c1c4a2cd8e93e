/// A whole number with a unit behind it.
enum UnitNumber {
  /// The number times what the unit stands for.
  static func parse(_ text: String, units: [(name: String, factor: Int64)]) -> Result<Int64, UnitNumberError> {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    guard !digits.isEmpty else { return .failure(UnitNumberError(hint: nil)) }
    let written = text[digits.endIndex...].drop { $0 == " " }
    if written.isEmpty {
      return .failure(
        UnitNumberError(hint: "add a unit: \(units.map { "\(digits)\($0.name)" }.joined(separator: ", "))"))
    }
    guard let unit = units.first(where: { $0.name == text[digits.endIndex...] }) else {
      let meant = units.first { $0.name.lowercased() == written.lowercased() } ?? likely(written, among: units)
      return .failure(UnitNumberError(hint: meant.map { "did you mean \"\(digits)\($0.name)\"?" }))
    }
    guard let number = Int64(digits) else { return .failure(UnitNumberError(hint: "the number is too large")) }
    let (product, overflow) = number.multipliedReportingOverflow(by: unit.factor)
    return overflow ? .failure(UnitNumberError(hint: "the number is too large")) : .success(product)
  }

  /// `KB`, `k`, `kb` for `KiB`; `sec` and `seconds` for `s`; `min` for `m`.
  private static func likely(
    _ written: Substring, among units: [(name: String, factor: Int64)]
  ) -> (name: String, factor: Int64)? {
    guard let letter = written.lowercased().first, written.allSatisfy(\.isLetter) else { return nil }
    if ["millis", "milliseconds", "msec"].contains(written.lowercased()) { return units.first { $0.name == "ms" } }
    return units.last { $0.name.lowercased().first == letter }
  }
}

/// Why a text is no number with a unit, and what was probably meant.
struct UnitNumberError: Error, Hashable {
  var hint: String?
}
