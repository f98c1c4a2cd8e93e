public import TomboloPorts

/// `storage: { type: auto, path: ./tombolo-data }`: the engine is chosen for a folder that holds no store yet. Of an existing
/// one the folder itself says which engine it has, and nothing is ever switched.
public enum AutoStoragePlugin: StoragePlugin {
  public static let identifier = PluginIdentifier(.storage, "auto")
  public static let summary =
    "Chooses an engine for a folder without a store, and says why; an existing store keeps the engine it has."
  public static let options = [
    OptionDeclaration(
      "path", .string, default: .string("./tombolo-data"), help: "The folder for the store; made when it is missing."),
    OptionDeclaration(
      "durability", .choice(["full", "normal", "none"]), default: .string("full"),
      help: "What a commit survives: a power cut (full), the end of the process (normal), or less (none)."),
    OptionDeclaration(
      "writesPerSecond", .integer(1...10_000_000),
      help: "How many operations a second are to be expected at most, where that is known."),
    OptionDeclaration(
      "processes", .integer(1...1_000), default: .integer(1),
      help: "How many processes look into the store at once, such as the sqlite3 shell beside the agent."),
  ]

  /// Whichever engine it will be is set to this level.
  public static func durabilityMaximum(_ options: PluginOptions) -> StoreDurability? {
    options.value("durability") == .string(StoreDurability.none.rawValue) ? StoreDurability.none : .full
  }

  /// The composition puts the chosen engine in its place first; alone it has no engines to choose from.
  public static func make(_ options: PluginOptions, in context: PluginContext) throws -> any KeyValueStore {
    throw StoreError(
      .inaccessible,
      "storage.auto makes no store by itself: open it through StorageSettings.open, or name an engine instead")
  }
}
