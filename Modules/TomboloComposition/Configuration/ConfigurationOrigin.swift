/// Which layer a value comes from. A later case wins over an earlier one.
public enum ConfigurationOrigin: Hashable, Sendable {
  /// The declaration of the key.
  case defaultValue
  case file(SourcePosition)
  /// The variable of this name.
  case environment(String)
  /// An override of this key path.
  case commandLine(String)
}

/// A place in a config file. Line and column count from 1, columns in Unicode scalars.
public struct SourcePosition: Hashable, Sendable {
  public var file: String
  public var line: Int
  public var column: Int

  /// The place in `file`.
  public init(file: String, line: Int, column: Int) {
    self.file = file
    self.line = line
    self.column = column
  }
}

extension ConfigurationOrigin: CustomStringConvertible {
  public var description: String {
    switch self {
    case .defaultValue: "default"
    case .file(let position): "\(position.file):\(position.line):\(position.column)"
    case .environment(let name): "environment variable \(name)"
    case .commandLine(let path): "command line (\(path))"
    }
  }
}

extension ConfigurationOrigin: Comparable {
  /// Files in reading order, then the environment, then the command line.
  public static func < (left: ConfigurationOrigin, right: ConfigurationOrigin) -> Bool {
    left.sortKey < right.sortKey
  }

  private var sortKey: (Int, String, Int, Int) {
    switch self {
    case .defaultValue: (0, "", 0, 0)
    case .file(let position): (1, position.file, position.line, position.column)
    case .environment(let name): (2, name, 0, 0)
    case .commandLine(let path): (3, path, 0, 0)
    }
  }
}
