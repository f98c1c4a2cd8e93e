public import TomboloPorts

/// Makes a `FileStore` from the config: `storage: { type: file, path: ./tombolo-data }`.
public enum FileStoragePlugin: RepairableStorage {
  public static let identifier = PluginIdentifier(.storage, "file")
  public static let summary = "Plain files in the folder `path`: an append-only journal, and no database."
  public static let options = [
    OptionDeclaration(
      "path", .string, default: .string("./tombolo-data"),
      help: "The folder for the journal; made when it is missing."),
    OptionDeclaration(
      "durability", .choice(StoreDurability.allCases.map(\.rawValue)),
      default: .string(StoreDurability.full.rawValue),
      help: "What a commit survives: a power cut (full), the end of the process (normal), or less (none)."),
    OptionDeclaration(
      "reserve", .size(0...1_024 * 1_024 * 1_024), default: .size(FileStore.defaultReserveByteCount),
      help: "Room kept on the disk for settling when it is full; with much data more is kept."),
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
    return try await FileStore(
      path: try options.string("path"), durability: durability, reserveByteCount: try options.byteCount("reserve"),
      warn: context.warn)
  }

  public static func repair(
    _ options: PluginOptions, into folder: String, in context: PluginContext
  ) async throws -> RepairReport {
    try await FileStoreRepair.repair(from: try options.string("path"), to: folder, warn: context.warn)
  }

  public static func salvage(_ options: PluginOptions, in context: PluginContext) async throws -> SalvagedStore {
    try await FileStoreRepair.salvage(from: try options.string("path"), warn: context.warn)
  }

  public static func inspect(
    _ options: PluginOptions, in context: PluginContext, line: @escaping @Sendable (String) throws -> Void
  ) async throws {
    try await FileStoreDump.dump(path: try options.string("path"), line: line)
  }
}
