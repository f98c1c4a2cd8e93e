/// A named, configurable part that the composition can make from a section of the config.
///
///     public enum SQLitePlugin: StoragePlugin {
///       public static let identifier = PluginIdentifier(.storage, "sqlite")
///       public static let summary = "An SQLite database in the folder `path`."
///       public static let options = [OptionDeclaration("path", .string, default: .string("./data"), help: "…")]
///       public static func make(_ options: PluginOptions, in context: PluginContext) async throws -> any KeyValueStore { … }
///     }
public protocol Plugin: Sendable {
  associatedtype Product: Sendable

  /// Kind and name, such as `storage.sqlite`: the config says `storage: { type: sqlite }`.
  static var identifier: PluginIdentifier { get }
  /// One line for `tombolo plugins`.
  static var summary: String { get }
  /// What users may rely on from one version to the next. By default `preview`.
  static var stability: PluginStability { get }
  /// Every key its section may have. The composition checks a section against them before anything is made, so `make` sees
  /// values of the declared types within the declared limits, defaults filled in.
  static var options: [OptionDeclaration] { get }

  /// What is wrong with options of the right types that only the plugin can judge: two that exclude each other, a text of
  /// the wrong form. Opens nothing; asked together with everything else the composition checks. By default nothing.
  static func problems(in options: PluginOptions) -> [PluginOptionError]

  /// Makes the part. What it opens it closes again when it throws. A product that is `Closable` is closed by the composition.
  static func make(_ options: PluginOptions, in context: PluginContext) async throws -> Product
}

extension Plugin {
  public static var stability: PluginStability { .preview }

  public static func problems(in options: PluginOptions) -> [PluginOptionError] { [] }

  /// The errors of those checks that throw one.
  ///
  /// - Parameter checks: each is run, whatever the others say.
  public static func problems(from checks: [() throws -> Void]) -> [PluginOptionError] {
    checks.compactMap { check in
      do {
        try check()
        return nil
      } catch {
        return error as? PluginOptionError ?? PluginOptionError("\(error)")
      }
    }
  }
}

public protocol StoragePlugin: Plugin where Product == any KeyValueStore {
  /// The most that a commit to a store with these options can reach, when it is asked for; `nil` when only the opened store can tell.
  /// Opens nothing: it lets a config be refused that asks for more. By default `nil`.
  static func durabilityMaximum(_ options: PluginOptions) -> StoreDurability?
}

extension StoragePlugin {
  public static func durabilityMaximum(_ options: PluginOptions) -> StoreDurability? { nil }
}

public protocol DeliveryPlugin: Plugin where Product == any OperationHandler {}
public protocol ConflictResolverPlugin: Plugin where Product == any ConflictResolver {}
public protocol ProbePlugin: Plugin where Product == any ReachabilityProbe {}
/// A source of what the system says about the ways out of this machine: `network: { system: { type: netlink } }`.
public protocol NetworkSourcePlugin: Plugin where Product == any NetworkPathSource {}

/// What kind of part a plugin makes, and its name among those.
public struct PluginIdentifier: Hashable, Sendable {
  public var kind: PluginKind
  public var name: String

  public init(_ kind: PluginKind, _ name: String) {
    self.kind = kind
    self.name = name
  }
}

extension PluginIdentifier: CustomStringConvertible {
  public var description: String { "\(kind.rawValue).\(name)" }
}

/// How firm a plugin's promises are.
public enum PluginStability: String, Hashable, Sendable, CaseIterable {
  /// Options, and what it stores, stay usable within a major version.
  case stable
  /// It works, and any version may change its options.
  case preview
}

/// The kinds of parts there are; the raw value is how identifiers begin.
public enum PluginKind: String, Hashable, Sendable, CaseIterable {
  case storage
  /// Of what a storage holds.
  case encryption
  case delivery
  case backoff
  case conflict
  case probe
  /// Of what the system says about the network.
  case network
  /// A policy around deliveries.
  case resilience
}

/// What the composition hands to every plugin.
public struct PluginContext: Sendable {
  public var time: any TimeSource
  /// Told to the operator through the program's log, at the level of a warning.
  public var warn: @Sendable (String) -> Void

  public init(time: any TimeSource, warn: @escaping @Sendable (String) -> Void) {
    self.time = time
    self.warn = warn
  }
}
