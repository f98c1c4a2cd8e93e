public import TomboloPorts
import TomboloStorage

/// Operations in memory only: for tests, and where nothing need survive the process.
public enum MemoryStoragePlugin: StoragePlugin {
  public static let identifier = PluginIdentifier(.storage, "memory")
  public static let summary = "In memory: gone when the process ends. For trying things out."
  public static let stability = PluginStability.stable
  public static let options: [OptionDeclaration] = []

  public static func durabilityMaximum(_ options: PluginOptions) -> StoreDurability? { StoreDurability.none }

  public static func make(_ options: PluginOptions, in context: PluginContext) -> any KeyValueStore {
    context.warn("storage.type is memory: operations do not survive the end of this process")
    return InMemoryStore()
  }
}
