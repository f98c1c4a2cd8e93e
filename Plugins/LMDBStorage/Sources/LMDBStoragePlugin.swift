public import TomboloPorts

/// Makes an `LMDBStore` from the config: `storage: { type: lmdb, path: ./tombolo-data }`.
public enum LMDBStoragePlugin: StoragePlugin {
  public static let identifier = PluginIdentifier(.storage, "lmdb")
  public static let summary = "An LMDB database in the folder `path`."
  public static let options = [
    OptionDeclaration(
      "path", .string, default: .string("./tombolo-data"),
      help: "The folder for the database, on a local disk; made when it is missing."),
    OptionDeclaration(
      "durability", .choice(StoreDurability.allCases.map(\.rawValue)),
      default: .string(StoreDurability.full.rawValue),
      help: "What a commit survives: a power cut (full), the end of the process (normal), or less (none)."),
    OptionDeclaration(
      "mapSize", .size(1 << 20...1 << 40), default: .size(64 << 20),
      help: "Address space to begin with; doubled whenever it is used up. Takes no memory."),
    OptionDeclaration(
      "sizeMaximum", .size(1 << 20...1 << 44), default: .size(64 << 30),
      help: "The most bytes the database may have; beyond it, what takes room is refused."),
    OptionDeclaration(
      "shared", .boolean, default: .boolean(false),
      help: "Whether other processes on this machine may work on the same folder; all of them must say so."),
  ]

  public static func problems(in options: PluginOptions) -> [PluginOptionError] {
    problems(from: [
      {
        let size = try options.byteCount("mapSize")
        let maximum = try options.byteCount("sizeMaximum")
        guard size > maximum else { return }
        throw PluginOptionError("\(options.path).mapSize is \(size) bytes, more than `sizeMaximum` (\(maximum))")
      }
    ])
  }

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
    return try await LMDBStore(
      path: try options.string("path"), durability: durability, mapByteCount: try options.byteCount("mapSize"),
      byteCountMaximum: try options.byteCount("sizeMaximum"), isShared: try options.boolean("shared"))
  }
}
