public import Logging

/// The section `logging`.
public struct LoggingSettings: Hashable, Sendable {
  /// How a line is written.
  public enum Format: String, Hashable, Sendable, CaseIterable {
    /// For people.
    case text
    /// One JSON object a line.
    case json
  }

  /// What is less severe is left out.
  public var level: Logger.Level
  public var format: Format
}
