/// Watches the ways out of this machine through its operating system.
public protocol NetworkPathSource: Sendable {
  /// What is asked, for status and logs: `netlink`.
  var name: String { get }

  /// Watches until the task is cancelled, and then returns promptly with everything it opened closed again.
  ///
  /// Calls `report` with the present state first and then after every change, one call at a time, in order, from any
  /// thread. A burst of changes may be reported as one, and the last report is always the newest state. When the state
  /// cannot be known it reports `unknown`, once, and goes on watching where that has a chance. `report` returns quickly.
  /// Several runs at once are independent of each other.
  func run(_ report: @escaping @Sendable (NetworkPathReport) -> Void) async
}

/// What a source of paths tells.
public enum NetworkPathReport: Hashable, Sendable {
  /// The present state.
  case path(NetworkPath)
  /// The state cannot be known, with the reason in words for a person.
  case unknown(reason: String)
}
