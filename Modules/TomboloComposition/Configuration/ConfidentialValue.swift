import TomboloPorts

/// A value that may be a secret: kept to be compared, never shown.
struct ConfidentialValue: Hashable, Sendable {
  private let value: OptionValue

  init(_ value: OptionValue) { self.value = value }
}

extension ConfidentialValue: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  var description: String { "******" }
  var debugDescription: String { description }
  var customMirror: Mirror { Mirror(self, children: []) }
}
