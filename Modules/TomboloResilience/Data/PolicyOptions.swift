/// Reads the options of one described policy and collects what is wrong with them.
struct PolicyOptions {
  let index: Int
  let description: PolicyDescription
  private(set) var problems: [PolicyDescriptionError.Problem] = []
  private var known: Set<String> = []

  init(_ description: PolicyDescription, at index: Int) {
    self.description = description
    self.index = index
  }

  mutating func text(_ name: String, default standard: String) -> String {
    read(name, standard, "a text") { if case .text(let value) = $0 { value } else { nil } }
  }

  mutating func flag(_ name: String, default standard: Bool = false) -> Bool {
    read(name, standard, "true or false") { if case .flag(let value) = $0 { value } else { nil } }
  }

  mutating func number(_ name: String, _ range: ClosedRange<Double>, default standard: Double) -> Double {
    read(name, standard, "a number from \(range.lowerBound) to \(range.upperBound)") {
      if case .number(let value) = $0, range.contains(value) { value } else { nil }
    }
  }

  mutating func count(_ name: String, _ range: ClosedRange<Int>, default standard: Int) -> Int {
    read(name, standard, "a whole number from \(range.lowerBound) to \(range.upperBound)") {
      if case .number(let value) = $0, let whole = Int(exactly: value), range.contains(whole) { whole } else { nil }
    }
  }

  mutating func duration(_ name: String, default standard: Duration) -> Duration {
    read(name, standard, "a duration of at least nothing, such as 500ms") {
      if case .duration(let value) = $0, value >= .zero { value } else { nil }
    }
  }

  mutating func optionalDuration(_ name: String) -> Duration? {
    known.insert(name)
    return description.options[name] == nil ? nil : duration(name, default: .zero)
  }

  mutating func optionalCount(_ name: String, _ range: ClosedRange<Int>) -> Int? {
    known.insert(name)
    return description.options[name] == nil ? nil : count(name, range, default: range.lowerBound)
  }

  /// An option that exists, but not beside what else was said.
  mutating func refuse(_ name: String, _ reason: String) {
    known.insert(name)
    if description.options[name] != nil { problem(reason, option: name) }
  }

  /// A duration without which the policy makes no sense.
  mutating func requiredDuration(_ name: String) -> Duration {
    if description.options[name] == nil { problem("is missing: a duration such as 2s", option: name) }
    return duration(name, default: .seconds(1))
  }

  mutating func problem(_ message: String, option: String? = nil) {
    problems.append(PolicyDescriptionError.Problem(index: index, option: option, message: message))
  }

  /// Complains about options that nobody asked for.
  mutating func finish() {
    for name in description.options.keys.sorted() where !known.contains(name) {
      problem(
        "is not an option of \(description.type); there are \(known.sorted().joined(separator: ", "))", option: name)
    }
  }

  private mutating func read<T>(
    _ name: String, _ standard: T, _ expected: String, _ convert: (PolicyDescription.Option) -> T?
  ) -> T {
    known.insert(name)
    guard let option = description.options[name] else { return standard }
    if let value = convert(option) { return value }
    problem("must be \(expected)", option: name)
    return standard
  }
}
