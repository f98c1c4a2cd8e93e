/// A text that is never shown: it prints as asterisks, in logs and in a debugger's dump too.
public struct Secret: Hashable, Sendable {
  /// The text itself.
  public let value: String

  /// Hides `value`.
  public init(_ value: String) { self.value = value }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "******" }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: []) }
}
