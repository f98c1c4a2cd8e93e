public import TomboloPorts

/// Makes a `SQLiteStore` from the config: `storage: { type: sqlite, path: ./tombolo-data }`.
public enum SQLiteStoragePlugin: StoragePlugin {
  public static let identifier = PluginIdentifier(.storage, "sqlite")
  public static let summary = "An SQLite database in the folder `path`."
  public static let options = [
    OptionDeclaration(
      "path", .string, default: .string("./tombolo-data"),
      help: "The folder for the database; made when it is missing."),
    OptionDeclaration(
      "durability", .choice(StoreDurability.allCases.map(\.rawValue)),
      default: .string(StoreDurability.full.rawValue),
      help: "What a commit survives: a power cut (full), the end of the process (normal), or less (none)."),
    OptionDeclaration(
      "busyTimeout", .duration(.zero ... .seconds(60)), default: .duration(.seconds(5)),
      help: "How long to wait while another program, such as the sqlite3 shell, holds the database."),
    OptionDeclaration(
      "reserve", .size(0...1_024 * 1_024 * 1_024), default: .size(SQLiteStore.defaultReserveByteCount),
      help: "Room kept on the disk so that operations can be settled when it is full; at most an eighth of it is used."),
    OptionDeclaration(
      "shared", .boolean, default: .boolean(false),
      help: "Whether other processes on this machine may work on the same folder; all of them must say so."),
  ]

  /// Set to `none`, it never flushes; set to anything else, it does when a batch asks for it.
  public static func durabilityMaximum(_ options: PluginOptions) -> StoreDurability? {
    options.value("durability") == .string(StoreDurability.none.rawValue) ? StoreDurability.none : .full
  }

  public static func make(
    _ options: PluginOptions, in context: PluginContext
  ) async throws -> any KeyValueStore {
    let name = try options.string("durability")
    guard let durability = StoreDurability(rawValue: name) else {
      throw PluginOptionError("\(options.path).durability is \(name), and must be full, normal or none")
    }
    return try await SQLiteStore(
      path: try options.string("path"), durability: durability, busyTimeout: try options.duration("busyTimeout"),
      reserveByteCount: try options.byteCount("reserve"),
      isShared: try options.boolean("shared"))
  }
}
