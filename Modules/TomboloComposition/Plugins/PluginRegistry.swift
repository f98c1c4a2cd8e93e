public import TomboloPorts

/// What is compiled in: the plugins that a config may name.
///
///     var registry = PluginRegistry()
///     try registry.register(SQLiteStoragePlugin.self)
///
/// Registration is explicit; nothing registers itself.
public struct PluginRegistry: Sendable {
  private struct Entry: Sendable {
    var description: PluginDescription
    var problems: @Sendable (PluginOptions) -> [PluginOptionError]
    var make: @Sendable (PluginOptions, PluginContext) async throws -> any Sendable
    /// The plugin, when it can save what is intact in a damaged store.
    var repair: (any RepairableStorage.Type)?
    /// The plugin, when it makes policies.
    var policy: (any ResiliencePolicyPlugin.Type)?
    /// The plugin, when it makes stores.
    var storage: (any StoragePlugin.Type)?
  }

  private var entries: [PluginIdentifier: Entry] = [:]

  /// An empty registry.
  public init() {}

  /// Adds a plugin. Throws when its name is taken, or when its declarations contradict themselves.
  public mutating func register<P: Plugin>(_ plugin: P.Type) throws(PluginRegistryError) {
    let description = PluginDescription(
      identifier: P.identifier, summary: P.summary, stability: P.stability, options: P.options)
    guard entries[P.identifier] == nil else {
      throw PluginRegistryError(
        .duplicate, "\(P.identifier) is registered already: register it once, or give \(P.self) another name")
    }
    let policy = P.self as? any ResiliencePolicyPlugin.Type
    var faults = DeclarationCheck(P.options, of: P.identifier.kind).faults
    if (policy != nil) != (P.identifier.kind == .resilience) {
      faults.append("a \(PluginKind.resilience.rawValue) plugin, and no other, is a ResiliencePolicyPlugin")
    }
    guard faults.isEmpty else {
      throw PluginRegistryError(
        .badDeclaration, "\(P.identifier) declares its options wrongly: \(faults.joined(separator: "; "))")
    }
    entries[P.identifier] = Entry(
      description: description, problems: { P.problems(in: $0) }, make: { try await P.make($0, in: $1) },
      repair: P.self as? any RepairableStorage.Type, policy: policy, storage: P.self as? any StoragePlugin.Type)
  }

  /// Every plugin, sorted by kind and name.
  public var descriptions: [PluginDescription] {
    entries.values.map(\.description).sorted { "\($0.identifier)" < "\($1.identifier)" }
  }

  /// The plugins of one kind, sorted by name.
  public func descriptions(of kind: PluginKind) -> [PluginDescription] {
    descriptions.filter { $0.identifier.kind == kind }
  }

  /// The plugin of this identifier, when it is compiled in.
  public func description(of identifier: PluginIdentifier) -> PluginDescription? {
    entries[identifier]?.description
  }

  /// What the plugin itself has to say against its section.
  func problems(in selection: PluginSelection) -> [PluginOptionError] {
    entries[selection.identifier]?.problems(selection.options) ?? []
  }

  /// The most that commits to the store of this section can reach; `nil` when only the opened store can tell.
  func durabilityMaximum(_ selection: PluginSelection) -> StoreDurability? {
    entries[selection.identifier]?.storage?.durabilityMaximum(selection.options)
  }

  /// The plugin that makes the policies of this name.
  func policyPlugin(_ name: String) -> (any ResiliencePolicyPlugin.Type)? {
    entries[PluginIdentifier(.resilience, name)]?.policy
  }

  /// The plugin of this identifier, to save what is intact in a damaged store of it.
  ///
  /// Throws `unknown` when it is not compiled in, and `unsupported` when its engine has no repair.
  public func repairableStorage(
    _ identifier: PluginIdentifier
  ) throws(PluginRegistryError) -> any RepairableStorage.Type {
    guard let entry = entries[identifier] else {
      throw PluginRegistryError(.unknown, UnknownPluginText(identifier, in: self).message)
    }
    guard let plugin = entry.repair else {
      let able = entries.values.filter { $0.repair != nil }.map { $0.description.identifier.name }.sorted()
      throw PluginRegistryError(
        .unsupported,
        "\(identifier) cannot repair a damaged store (these can: \(able.isEmpty ? "none" : able.joined(separator: ", "))); "
          + "put a backup in its place, or use the tools of its engine")
    }
    return plugin
  }

  /// Makes the part a section names. What the plugin throws passes as it is.
  ///
  ///     let store = try await registry.make((any KeyValueStore).self, from: configuration.storage, in: context)
  public func make<Product: Sendable>(
    _ product: Product.Type = Product.self, from selection: PluginSelection, in context: PluginContext
  ) async throws -> Product {
    guard let entry = entries[selection.identifier] else {
      throw PluginRegistryError(
        .unknown, UnknownPluginText(selection.identifier, in: self).message)
    }
    let made = try await entry.make(selection.options, context)
    guard let typed = made as? Product else {
      if let closable = made as? any Closable { try await closable.close() }
      throw PluginRegistryError(
        .wrongProduct,
        "\(selection.identifier) makes \(type(of: made)), but \(product) is needed: "
          + "its `Product` must be the one of its kind")
    }
    return typed
  }
}

/// Why a plugin cannot be registered, or cannot make what is wanted.
public struct PluginRegistryError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What kind of failure it was.
  public struct Code: Hashable, Sendable, CustomStringConvertible {
    public let description: String
    private init(_ description: String) { self.description = description }

    /// The identifier is taken.
    public static let duplicate = Code("duplicate")
    /// The plugin's declarations contradict themselves.
    public static let badDeclaration = Code("badDeclaration")
    /// No such plugin is compiled in.
    public static let unknown = Code("unknown")
    /// The plugin does not do what it was asked for.
    public static let unsupported = Code("unsupported")
    /// The plugin makes something else than is wanted.
    public static let wrongProduct = Code("wrongProduct")
  }

  public var code: Code
  public var message: String

  /// A failure of this kind.
  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  public var description: String { message }
}
