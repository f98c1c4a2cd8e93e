import TomboloNetwork

extension PluginRegistry {
  /// A registry with the plugins that need no driver: `storage.auto`, `storage.memory`, the backoffs, the conflict
  /// resolvers, the policies around deliveries, `probe.tcp`, and the sources of this system: `network.auto`, `network.none`, `network.netlink` or
  /// `network.path`.
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
    try registry.register(DecorrelatedBackoffPlugin.self)
    try registry.register(TimestampConflictPlugin.self)
    try registry.register(LocalWinsConflictPlugin.self)
    try registry.register(RemoteWinsConflictPlugin.self)
    try registry.register(ManualConflictPlugin.self)
    try registry.register(FieldsConflictPlugin.self)
    try registry.registerPolicies()
    try registry.register(TCPProbePlugin.self)
    try registry.register(AutomaticNetworkSourcePlugin.self)
    try registry.register(NoNetworkSourcePlugin.self)
    #if os(Linux)
      try registry.register(NetlinkSourcePlugin.self)
    #elseif canImport(Network)
      try registry.register(NWPathSourcePlugin.self)
    #endif
    return registry
  }
}
