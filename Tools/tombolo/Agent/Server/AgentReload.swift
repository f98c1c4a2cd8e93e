/// What a reload did: the answer to `POST /v1/reload`.
public struct AgentReload: Hashable, Sendable, Codable {
  /// The keys whose new values are in force.
  public var changed: [String]
  /// The keys whose new values count only after a restart.
  public var needsRestart: [String]

  /// A reload that changed these keys.
  public init(changed: [String], needsRestart: [String]) {
    self.changed = changed
    self.needsRestart = needsRestart
  }
}

/// Why a reload changed nothing.
public struct AgentReloadError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Whether it is worth trying again in a moment, with the same configuration.
  public var isBusy: Bool
  /// What is wrong, for the operator.
  public var message: String

  /// A reload that failed for this reason.
  public init(isBusy: Bool = false, _ message: String) {
    self.isBusy = isBusy
    self.message = message
  }

  public var description: String { message }
}
