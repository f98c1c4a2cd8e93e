public import TomboloPorts
import TomboloQueue

/// The later writer wins.
public enum TimestampConflictPlugin: ConflictResolverPlugin {
  public static let identifier = PluginIdentifier(.conflict, "timestamp")
  public static let summary = "The version written later stands; one whose time is not told waits for a person."
  public static let stability = PluginStability.stable
  public static let options = [
    OptionDeclaration(
      "skewMaximum", .duration(.seconds(1) ... .seconds(3_650 * 86_400)), default: .duration(.seconds(365 * 86_400)),
      help: "Clocks further apart than this decide nothing: the operation waits for a person.")
  ]

  public static func make(_ options: PluginOptions, in context: PluginContext) throws -> any ConflictResolver {
    TimestampConflictResolver(skewMaximum: try options.duration("skewMaximum"))
  }
}

/// The operation wins.
public enum LocalWinsConflictPlugin: ConflictResolverPlugin {
  public static let identifier = PluginIdentifier(.conflict, "local")
  public static let summary = "The operation always replaces what the upstream holds."
  public static let stability = PluginStability.stable
  public static let options: [OptionDeclaration] = []

  public static func make(_ options: PluginOptions, in context: PluginContext) -> any ConflictResolver {
    LocalWinsConflictResolver()
  }
}

/// The upstream wins.
public enum RemoteWinsConflictPlugin: ConflictResolverPlugin {
  public static let identifier = PluginIdentifier(.conflict, "remote")
  public static let summary = "What the upstream holds always stands; the operation ends as discarded."
  public static let stability = PluginStability.stable
  public static let options: [OptionDeclaration] = []

  public static func make(_ options: PluginOptions, in context: PluginContext) -> any ConflictResolver {
    RemoteWinsConflictResolver()
  }
}

/// A person decides.
public enum ManualConflictPlugin: ConflictResolverPlugin {
  public static let identifier = PluginIdentifier(.conflict, "manual")
  public static let summary = "Every conflict waits for a person."
  public static let stability = PluginStability.stable
  public static let options: [OptionDeclaration] = []

  public static func make(_ options: PluginOptions, in context: PluginContext) -> any ConflictResolver {
    ManualConflictResolver()
  }
}

/// Both win, where they do not contradict each other.
public enum FieldsConflictPlugin: ConflictResolverPlugin {
  public static let identifier = PluginIdentifier(.conflict, "fields")
  public static let summary =
    "Merges JSON objects field by field: of each field the side that changed it since the operation's `base` stands."
  public static let stability = PluginStability.stable
  public static let options = [
    OptionDeclaration(
      "onContradiction", .choice(ThreeWayMergeConflictResolver.Contradiction.allCases.map(\.rawValue)),
      default: .string(ThreeWayMergeConflictResolver.Contradiction.park.rawValue),
      help: "What stands of a field that both sides changed, each in another way; park: a person decides.")
  ]

  public static func make(_ options: PluginOptions, in context: PluginContext) throws -> any ConflictResolver {
    let word = try options.string("onContradiction")
    guard let contradiction = ThreeWayMergeConflictResolver.Contradiction(rawValue: word) else {
      throw PluginOptionError("\(options.path).onContradiction: \"\(word)\" is none of the declared words")
    }
    return ThreeWayMergeConflictResolver(onContradiction: contradiction)
  }
}
