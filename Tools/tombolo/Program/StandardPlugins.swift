import FileStorage
import GRPCDelivery
import HTTPDelivery
import HTTPProbe
import LMDBStorage
import SQLiteStorage
import StorageEncryption
import TomboloComposition

/// Every plugin that is compiled into `tombolo`. To add one: depend on its package, and register it here.
enum StandardPlugins {
  /// A registry of them all.
  static func registry() throws -> PluginRegistry {
    var registry = try PluginRegistry.withBuiltIns()
    try registry.register(FileStoragePlugin.self)
    try registry.register(LMDBStoragePlugin.self)
    try registry.register(SQLiteStoragePlugin.self)
    try registry.register(AESGCMEncryptionPlugin.self)
    try registry.register(HTTPDeliveryPlugin.self)
    try registry.register(GRPCDeliveryPlugin.self)
    try registry.register(HTTPProbePlugin.self)
    return registry
  }
}
