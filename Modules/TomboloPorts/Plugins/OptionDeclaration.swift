/// One key of a plugin's section: what may stand there, what stands there when nothing does, and what it means.
public struct OptionDeclaration: Hashable, Sendable {
  public var name: String
  public var type: OptionType
  /// The value when the config gives none. Without one, a required option must be given and another one is absent.
  public var defaultValue: OptionValue?
  public var isRequired: Bool
  /// Never shown: not in logs, not by `config show`.
  public var isSecret: Bool
  /// One line that says what it means.
  public var help: String

  public init(
    _ name: String,
    _ type: OptionType,
    default defaultValue: OptionValue? = nil,
    isRequired: Bool = false,
    isSecret: Bool = false,
    help: String
  ) {
    self.name = name
    self.type = type
    self.defaultValue = defaultValue
    self.isRequired = isRequired
    self.isSecret = isSecret
    self.help = help
  }
}

/// What may stand under a key.
public indirect enum OptionType: Hashable, Sendable {
  case string
  /// An absolute `http` or `https` URL.
  case url
  case boolean
  case integer(ClosedRange<Int>)
  case number(ClosedRange<Double>)
  /// Written `500ms`, `5s`, `2m`, `1h`.
  case duration(ClosedRange<Duration>)
  /// In bytes, written `512B`, `64KiB`, `10MiB`, `1GiB`.
  case size(ClosedRange<Int>)
  /// One of these words.
  case choice([String])
  case list(of: OptionType)
  /// Any names, each with a value of this type.
  case map(of: OptionType)
  case section([OptionDeclaration])
}

/// A value of the config, checked against its declaration.
public indirect enum OptionValue: Hashable, Sendable {
  case string(String)
  case boolean(Bool)
  case integer(Int)
  case number(Double)
  case duration(Duration)
  /// In bytes.
  case size(Int)
  case list([OptionValue])
  /// In the order of the config.
  case map([OptionEntry])
}

/// A name and its value, of a map or a section.
public struct OptionEntry: Hashable, Sendable {
  public var name: String
  public var value: OptionValue

  public init(name: String, value: OptionValue) {
    self.name = name
    self.value = value
  }
}
