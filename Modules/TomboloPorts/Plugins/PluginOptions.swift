/// A plugin's own section of the config: checked against its declarations, defaults filled in.
///
/// Asking for an option under another type than the one declared is a mistake in the plugin and throws a
/// `PluginOptionError` that names the option.
public struct PluginOptions: Sendable {
  /// Where the section stands in the config, for messages: `storage`.
  public var path: String
  private var values: [String: OptionValue]

  public init(path: String, values: [String: OptionValue]) {
    self.path = path
    self.values = values
  }

  public func value(_ name: String) -> OptionValue? { values[name] }

  /// The same options with another value for one of them.
  public func setting(_ name: String, to value: OptionValue) -> PluginOptions {
    PluginOptions(path: path, values: values.merging([name: value]) { _, new in new })
  }

  /// The same options without those of these names.
  public func leavingOut(_ names: [String]) -> PluginOptions {
    PluginOptions(path: path, values: values.filter { !names.contains($0.key) })
  }

  public func string(_ name: String) throws -> String {
    guard case .string(let value) = try require(name) else { throw mismatch(name, "a string") }
    return value
  }

  /// The string, or `nil` when the config does not give it.
  public func stringIfPresent(_ name: String) throws -> String? {
    values[name] == nil ? nil : try string(name)
  }

  public func boolean(_ name: String) throws -> Bool {
    guard case .boolean(let value) = try require(name) else { throw mismatch(name, "a boolean") }
    return value
  }

  public func integer(_ name: String) throws -> Int {
    guard case .integer(let value) = try require(name) else { throw mismatch(name, "an integer") }
    return value
  }

  public func number(_ name: String) throws -> Double {
    guard case .number(let value) = try require(name) else { throw mismatch(name, "a number") }
    return value
  }

  public func duration(_ name: String) throws -> Duration {
    guard case .duration(let value) = try require(name) else { throw mismatch(name, "a duration") }
    return value
  }

  /// A size in bytes.
  public func byteCount(_ name: String) throws -> Int {
    guard case .size(let value) = try require(name) else { throw mismatch(name, "a size") }
    return value
  }

  public func list(_ name: String) throws -> [OptionValue] {
    guard case .list(let value) = try require(name) else { throw mismatch(name, "a list") }
    return value
  }

  /// The entries of a map or a section, in the order of the config.
  public func entries(_ name: String) throws -> [OptionEntry] {
    guard case .map(let value) = try require(name) else { throw mismatch(name, "a map") }
    return value
  }

  /// The section under `name`, with its own path.
  public func section(_ name: String) throws -> PluginOptions {
    let entries = try entries(name)
    return PluginOptions(
      path: "\(path).\(name)",
      values: Dictionary(entries.map { ($0.name, $0.value) }, uniquingKeysWith: { _, last in last }))
  }

  private func require(_ name: String) throws -> OptionValue {
    guard let value = values[name] else {
      throw PluginOptionError("\(path).\(name) has no value, and its declaration gives no default")
    }
    return value
  }

  private func mismatch(_ name: String, _ wanted: String) -> PluginOptionError {
    PluginOptionError("\(path).\(name) was asked for as \(wanted), but is declared as something else")
  }
}

/// A plugin's options cannot be used: a mistake in a declaration, or values that only the plugin can judge.
public struct PluginOptionError: Error, Hashable, Sendable, CustomStringConvertible {
  public var message: String

  public init(_ message: String) { self.message = message }

  public var description: String { message }
}
