/// One key and its effective value, for `config show` and `config explain`.
public struct ConfigurationEntry: Hashable, Sendable {
  /// The key's full path.
  public var path: String
  /// As it is written in the config, secrets as asterisks; `nil` when it is not set and has no default.
  public var value: String?
  /// The layer that sets it.
  public var origin: ConfigurationOrigin
  /// The lower layers that set it too, the nearest first.
  public var overridden: [ConfigurationOrigin]
  /// The default, as it is written in the config.
  public var defaultValue: String?
  /// What may stand there.
  public var allowed: String
  /// What it means.
  public var help: String
  /// The value itself, for telling whether it changed.
  var typed: ConfidentialValue?
}

extension ConfigurationEntry: CustomStringConvertible {
  /// `queue.concurrency: 32  # tombolo.yaml:4:16`
  public var description: String {
    guard let value else { return "# \(path) is not set" }
    return "\(path): \(value)  # \(origin)"
  }

  /// Everything there is to say about it, in lines.
  public var explanation: String {
    var lines = ["\(path): \(value ?? "not set")", "  \(help)", "  allowed: \(allowed)"]
    if value != nil { lines.append("  set by: \(origin)") }
    lines += overridden.map { "  instead of: \($0)" }
    lines.append("  default: \(defaultValue ?? "none")")
    lines.append("  variable: \(Assignment.variable(for: path))")
    lines.append("  change: \(ReloadRule.needsRestart(path) ? "after a restart" : "by a reload")")
    return lines.joined(separator: "\n")
  }
}
