/// Why a configuration cannot be used: every problem at once, in the order a person would look for them.
public struct ConfigurationError: Error, Hashable, Sendable {
  public var problems: [ConfigurationProblem]

  /// An error of these problems, sorted by where they are.
  public init(problems: [ConfigurationProblem]) {
    self.problems = problems.sorted { left, right in
      switch (left.origin, right.origin) {
      case (let left?, let right?): left < right
      case (nil, _?): true
      case (_, nil): false
      }
    }
  }
}

extension ConfigurationError: CustomStringConvertible {
  /// A line that counts them, then one for each.
  public var description: String {
    let count = problems.count == 1 ? "1 problem" : "\(problems.count) problems"
    return (["\(count) in the configuration:"] + problems.map(\.description)).joined(separator: "\n")
  }
}

/// One thing that is wrong with a configuration.
public struct ConfigurationProblem: Hashable, Sendable {
  /// What kind of problem it is.
  public struct Code: Hashable, Sendable, CustomStringConvertible {
    public let description: String
    private init(_ description: String) { self.description = description }

    /// The file cannot be read.
    public static let unreadable = Code("unreadable")
    /// The text is not YAML, or not one document with a section at its top.
    public static let syntax = Code("syntax")
    /// No such key, variable or override.
    public static let unknownKey = Code("unknownKey")
    /// One key is given twice in the same layer.
    public static let duplicateKey = Code("duplicateKey")
    /// What stands there is of another type than declared, or not written as its type is.
    public static let wrongType = Code("wrongType")
    /// The type is right, the value beyond its limits.
    public static let outOfRange = Code("outOfRange")
    /// What must be given is not.
    public static let missing = Code("missing")
    /// No plugin of this name is compiled in.
    public static let unknownPlugin = Code("unknownPlugin")
    /// Values that do not go together.
    public static let conflict = Code("conflict")
  }

  public var code: Code
  /// The key's full path, such as `storage.path`; empty when it is about a file or a variable as a whole.
  public var path: String
  /// Where the offending text stands; `nil` when nothing does.
  public var origin: ConfigurationOrigin?
  /// The offending text; `nil` when there is none, or when it is a secret.
  public var value: String?
  /// The nearest name or value that would be right.
  public var suggestion: String?
  /// What is wrong and what is allowed.
  public var message: String

  /// A problem with the key at `path`.
  public init(
    _ code: Code, at path: String, origin: ConfigurationOrigin? = nil, value: String? = nil,
    suggestion: String? = nil, _ message: String
  ) {
    self.code = code
    self.path = path
    self.origin = origin
    self.value = value
    self.suggestion = suggestion
    self.message = message
  }
}

extension ConfigurationProblem: CustomStringConvertible {
  /// `tombolo.yaml:3:5: storage.pth: no such key; did you mean "path"?`
  public var description: String {
    var parts: [String] = []
    if let origin { parts.append("\(origin)") }
    if !path.isEmpty { parts.append(path) }
    return (parts + [message]).joined(separator: ": ")
  }
}
