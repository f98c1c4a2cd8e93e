/// The keys from `lower` (included) up to `upper` (excluded); without an `upper`, up to the last key.
public struct KeyRange: Hashable, Sendable {
  public var lower: Key
  public var upper: Key?

  public init(from lower: Key, to upper: Key?) {
    self.lower = lower
    self.upper = upper
  }

  /// Every key.
  public static let all = KeyRange(from: Key([]), to: nil)

  /// Every key that begins with `prefix`, the prefix itself included.
  public static func prefix(_ prefix: Key) -> KeyRange {
    KeyRange(from: prefix, to: prefix.prefixEnd)
  }

  /// Whether no key can be in it.
  public var isEmpty: Bool {
    guard let upper else { return false }
    return upper <= lower
  }

  public func contains(_ key: Key) -> Bool {
    guard key >= lower else { return false }
    guard let upper else { return true }
    return key < upper
  }
}
