import TomboloComposition
import TomboloProgram

// Tombolo's own package builds these files into one program with the storage, so that its tests can run it.
#if canImport(StrangersStorage)
  import StrangersStorage
#endif

// The whole program: the standard parts, and four of one's own that a config may name.
await AgentProgram.run { registry in
  try registry.register(SnapshotStorePlugin.self)
  try registry.register(FolderDeliveryPlugin.self)
  try registry.register(FibonacciBackoffPlugin.self)
  try registry.register(DutyCyclePlugin.self)
}
