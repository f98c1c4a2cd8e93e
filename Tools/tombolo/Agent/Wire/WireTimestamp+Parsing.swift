import TomboloPorts

extension WireTimestamp {
  /// Reads RFC 3339 (section 5.6) with any offset; `nil` when `text` is nothing of the kind or names no real date.
  /// Fractions finer than a millisecond are cut off; a leap second counts as the second after it.
  public init?(_ text: String) {
    var digits = RFC3339Digits(text)
    guard let year = digits.number(4), digits.take("-"), let month = digits.number(2, in: 1...12), digits.take("-"),
      let day = digits.number(2, in: 1...31), day <= Self.dayCount(month, of: year), digits.takeAny("Tt"),
      let hour = digits.number(2, in: 0...23), digits.take(":"), let minute = digits.number(2, in: 0...59),
      digits.take(":"), let second = digits.number(2, in: 0...60), let milliseconds = digits.fraction(),
      let offsetMinutes = digits.offset(), digits.isAtEnd
    else { return nil }
    let days = Self.daysSinceEpoch(year, month, day)
    let minutes = (days * 24 + hour) * 60 + minute - offsetMinutes
    self.init(Timestamp(millisecondsSinceEpoch: Int64((minutes * 60 + second) * 1_000 + milliseconds)))
  }

  private static func dayCount(_ month: Int, of year: Int) -> Int {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// Days in the proleptic Gregorian calendar, counted in years that begin on the first of March, so that the leap day is
  /// the last of its year.
  private static func daysSinceEpoch(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let yearFromMarch = month <= 2 ? year - 1 : year
    let era = (yearFromMarch >= 0 ? yearFromMarch : yearFromMarch - 399) / 400
    let yearOfEra = yearFromMarch - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }
}

/// Takes the text of a timestamp apart from front to back.
private struct RFC3339Digits {
  private var rest: Substring.UTF8View

  init(_ text: String) {
    rest = text[...].utf8
  }

  var isAtEnd: Bool { rest.isEmpty }

  mutating func take(_ character: Unicode.Scalar) -> Bool { takeAny(String(character)) }

  mutating func takeAny(_ characters: String) -> Bool {
    guard let first = rest.first, characters.utf8.contains(first) else { return false }
    rest.removeFirst()
    return true
  }

  /// A number of exactly so many digits.
  mutating func number(_ digitCount: Int, in range: ClosedRange<Int> = 0...9_999) -> Int? {
    var value = 0
    for _ in 0..<digitCount {
      guard let digit = digit() else { return nil }
      value = value * 10 + digit
    }
    return range.contains(value) ? value : nil
  }

  /// The milliseconds after the seconds; 0 when there is no fraction.
  mutating func fraction() -> Int? {
    guard take(".") else { return 0 }
    guard var value = digit() else { return nil }
    var digitCount = 1
    while let digit = digit() {
      if digitCount < 3 { value = value * 10 + digit }
      digitCount += 1
    }
    for _ in min(digitCount, 3)..<3 { value *= 10 }
    return value
  }

  /// How many minutes the local time is ahead of UTC.
  mutating func offset() -> Int? {
    if takeAny("Zz") { return 0 }
    let isAhead = take("+")
    guard isAhead || take("-"), let hours = number(2, in: 0...23), take(":"), let minutes = number(2, in: 0...59)
    else { return nil }
    return (isAhead ? 1 : -1) * (hours * 60 + minutes)
  }

  private mutating func digit() -> Int? {
    guard let first = rest.first, first >= UInt8(ascii: "0"), first <= UInt8(ascii: "9") else { return nil }
    rest.removeFirst()
    return Int(first - UInt8(ascii: "0"))
  }
}
