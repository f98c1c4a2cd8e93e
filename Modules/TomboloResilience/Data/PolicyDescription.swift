/// One policy as it stands in a configuration: its type and its options.
public struct PolicyDescription: Hashable, Sendable {
  /// A setting.
  public enum Option: Hashable, Sendable {
    case text(String)
    case number(Double)
    case duration(Duration)
    case flag(Bool)
  }

  /// The name of a kind, as in `PolicySummary.Kind`.
  public var type: String
  /// The settings that differ from the defaults.
  public var options: [String: Option]

  /// A policy of this type.
  public init(_ type: String, _ options: [String: Option] = [:]) {
    self.type = type
    self.options = options
  }
}

/// What is wrong with described policies: every problem at once, each with its place.
public struct PolicyDescriptionError: Error, Hashable, Sendable, CustomStringConvertible {
  /// One wrong thing.
  public struct Problem: Hashable, Sendable {
    /// The policy's place in the list, from 0.
    public let index: Int
    /// The option, unless it is the policy itself.
    public let option: String?
    /// What is wrong, and what would be right.
    public let message: String
  }

  /// The pipeline's name.
  public let pipeline: String
  /// What is wrong.
  public let problems: [Problem]

  /// Every problem on a line of its own, with its path.
  public var description: String {
    problems.map { "\(pipeline)[\($0.index)]\($0.option.map { ".\($0)" } ?? ""): \($0.message)" }
      .joined(separator: "\n")
  }
}
