/// Who goes first when calls must wait for a place. The words are those of an operation's priority.
public enum CallPriority: Int, Hashable, Sendable, CaseIterable, Comparable {
  case background, low, normal, high, critical

  /// Whether `left` waits behind `right`.
  public static func < (left: CallPriority, right: CallPriority) -> Bool { left.rawValue < right.rawValue }
}
