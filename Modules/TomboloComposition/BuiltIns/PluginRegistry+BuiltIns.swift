import TomboloNetwork

extension PluginRegistry {
  /// A registry with the plugins that need no driver: `storage.auto`, `storage.memory`, the backoffs, the conflict
  /// resolvers, `probe.tcp`.
  ///
  ///     var registry = try PluginRegistry.withBuiltIns()
  ///     try registry.register(SQLiteStoragePlugin.self)
  public static func withBuiltIns() throws(PluginRegistryError) -> PluginRegistry {
    var registry = PluginRegistry()
    try registry.register(AutoStoragePlugin.self)
    try registry.register(MemoryStoragePlugin.self)
    try registry.register(ExponentialBackoffPlugin.self)
    try registry.register(LinearBackoffPlugin.self)
    try registry.register(ConstantBackoffPlugin.self)
    try registry.register(TimestampConflictPlugin.self)
    try registry.register(LocalWinsConflictPlugin.self)
    try registry.register(RemoteWinsConflictPlugin.self)
    try registry.register(ManualConflictPlugin.self)
    try registry.register(TCPProbePlugin.self)
    return registry
  }
}
