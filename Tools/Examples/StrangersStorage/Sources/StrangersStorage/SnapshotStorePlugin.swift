public import TomboloPorts

/// Makes a `SnapshotStore` from the config: `storage: { type: snapshot, path: ./data }`.
public enum SnapshotStorePlugin: StoragePlugin {
  public static let identifier = PluginIdentifier(.storage, "snapshot")
  public static let summary = "One file that is written anew with every commit: for small amounts."
  public static let options = [
    OptionDeclaration("path", .string, default: .string("./tombolo-data"), help: "The folder for the file.")
  ]

  public static func make(_ options: PluginOptions, in context: PluginContext) async throws -> any KeyValueStore {
    try await SnapshotStore(path: try options.string("path"))
  }
}
