import Synchronization
import Testing
import TomboloComposition
import TomboloPorts
import TomboloStorage

@Suite struct StorageSettingsTests {
  private let loader: ConfigurationLoader

  init() throws {
    loader = ConfigurationLoader(registry: try FakePlugins.registry())
  }

  @Test("the storage alone needs no delivery, and the engine does not see what belongs to the encryption")
  func alone() throws {
    let settings = try loader.loadStorage(text: "storage: { path: ./a, encryption: { keyFile: ./key } }")
    #expect(settings.engine.identifier == PluginIdentifier(.storage, "sqlite"))
    #expect(settings.path == "./a")
    #expect(settings.engine.options.value("encryption") == nil)
    #expect(settings.engine.options.value("type") == nil)
    #expect(settings.encryption?.identifier == PluginIdentifier(.encryption, "aes-gcm"))
    #expect(try settings.encryption?.options.string("keyFile") == "./key")
    #expect(try loader.loadStorage(text: "storage: { encryption: }").encryption == nil)
  }

  @Test(
    "the rest of the config is checked all the same",
    arguments: ["storage: { pth: x }", "delivery: { type: http }", "queue: { concurrency: 0 }", "strage: {}"])
  func strict(text: String) {
    #expect(throws: ConfigurationError.self) { try loader.loadStorage(text: text) }
  }

  @Test("a store that is encrypted, or half a copy, is not opened as a plain one, and is closed again")
  func refusals() async throws {
    for (key, word) in [(ReservedKeys.encryption, "keyFile"), (ReservedKeys.migration, "storage migrate")] {
      let store = HeldStore()
      _ = try await store.inner.commit([Batch(mutations: [.put(key, [1])])])
      let error = try await refusal(store, decorator: nil)
      #expect(error.code == .inaccessible)
      #expect(error.message.contains(word))
      #expect(store.isClosed)
    }
  }

  @Test("when the encryption refuses, the store beneath is closed")
  func decoratorFails() async throws {
    let store = HeldStore()
    let error = try await refusal(store, decorator: StoreDecorator { _ in throw StoreError(.damaged, "no") })
    #expect(error.code == .damaged)
    #expect(store.isClosed)
  }

  private func refusal(_ store: HeldStore, decorator: StoreDecorator?) async throws -> StoreError {
    var registry = PluginRegistry()
    try registry.register(HeldStoragePlugin.self)
    try registry.register(FailingEncryptionPlugin.self)
    let engine = PluginSelection(HeldStoragePlugin.identifier, options: PluginOptions(path: "storage", values: [:]))
    let encryption = PluginSelection(
      FailingEncryptionPlugin.identifier, options: PluginOptions(path: "storage.encryption", values: [:]))
    let settings = StorageSettings(
      engine: engine, encryption: decorator == nil ? nil : encryption, operationsMaximum: 100, bytesMaximum: 1_000)
    return try await HeldStoragePlugin.$store.withValue(store) {
      do {
        _ = try await settings.open(registry, in: PluginContext(time: SystemTimeSource()) { _ in })
      } catch let error as StoreError {
        return error
      }
      throw StoreError(.engine, "it was opened")
    }
  }
}

/// A store that tells whether it was closed.
private final class HeldStore: KeyValueStore {
  let inner = InMemoryStore()
  private let closed = Mutex(false)

  var isClosed: Bool { closed.withLock { $0 } }
  var capabilities: StoreCapabilities { inner.capabilities }
  func get(_ keys: [Key]) async throws -> [Record?] { try await inner.get(keys) }
  func scan(_ range: KeyRange, reverse: Bool, limit: Int) async throws -> [Record] {
    try await inner.scan(range, reverse: reverse, limit: limit)
  }
  func commit(_ batches: [Batch]) async throws -> [BatchResult] { try await inner.commit(batches) }
  func close() async throws { closed.withLock { $0 = true } }
}

private enum HeldStoragePlugin: StoragePlugin {
  @TaskLocal static var store = HeldStore()

  static let identifier = PluginIdentifier(.storage, "held")
  static let summary = "The one of the test."
  static let options: [OptionDeclaration] = []

  static func make(_ options: PluginOptions, in context: PluginContext) async throws -> any KeyValueStore { store }
}

private enum FailingEncryptionPlugin: EncryptionPlugin {
  static let identifier = PluginIdentifier(.encryption, "failing")
  static let summary = "Always refuses."
  static let options: [OptionDeclaration] = []

  static func make(_ options: PluginOptions, in context: PluginContext) async throws -> StoreDecorator {
    StoreDecorator { _ in throw StoreError(.damaged, "no") }
  }
}
