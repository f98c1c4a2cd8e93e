import TomboloPorts
import TomboloStorage

/// The engine that counts, and how it came to that.
public struct ChosenStorage: Sendable {
  /// Never `auto`.
  public var settings: StorageSettings
  /// Why this engine, in a sentence; `nil` when the configuration names it.
  public var reason: String?
  /// What is known of the place; its measurements only when an engine was chosen anew.
  public var facts: StorageFacts
}

extension StorageSettings {
  /// The engines that `auto` may choose, where they are compiled in.
  static let candidates = ["sqlite", "file", "lmdb"]

  /// The engine that counts: the one that is named; with `auto` the one that made the folder; and only where there is no
  /// store yet the one that the advisor chooses.
  ///
  /// - Throws: `StoreError` with `inaccessible` when the folder holds something that names no engine, or when no engine is
  ///   compiled in; `PluginRegistryError` when the folder's engine is not.
  public func chosen(from registry: PluginRegistry) async throws -> ChosenStorage {
    var facts = StorageFacts(operationCount: operationsMaximum, byteCount: bytesMaximum)
    guard engine.identifier == AutoStoragePlugin.identifier else {
      return ChosenStorage(settings: self, facts: facts)
    }
    let path = try engine.options.string("path")
    facts.processCount = try engine.options.integer("processes")
    if engine.options.value("writesPerSecond") != nil {
      facts.writesPerSecond = try engine.options.integer("writesPerSecond")
    }
    if let present = try StoreFolder.engine(of: path) {
      let reason = "the store in \(path) was made by it"
      return ChosenStorage(settings: try naming(present, registry), reason: reason, facts: facts)
    }
    let survey = try await FolderSurvey().survey(path)
    if let file = survey.foreignFile {
      throw StoreError(
        .inaccessible,
        "\(path) holds \(file) and no tombolo.engine, so it is not known whose it is; name its engine as "
          + "storage.type, or an empty folder as storage.path")
    }
    facts.flushDuration = survey.flushDuration
    facts.isRemoteDisk = survey.isRemoteDisk
    let advisor = StorageAdvisor(registry)
    guard let advice = advisor.choice(for: facts) else {
      throw StoreError(
        .inaccessible,
        "storage.type is auto, and none of the engines it may choose is compiled in: "
          + Self.candidates.joined(separator: ", ")
      )
    }
    let flush = survey.flushDuration.map { "; a flush takes \($0.formatted) there" } ?? ""
    return ChosenStorage(
      settings: try naming(advice.engine, registry), reason: "\(advice.reason)\(flush)", facts: facts)
  }

  /// These settings with an engine in the place of `auto`: the options they share are kept, the others get their defaults.
  private func naming(_ name: String, _ registry: PluginRegistry) throws -> StorageSettings {
    let identifier = PluginIdentifier(.storage, name)
    guard let description = registry.description(of: identifier) else {
      throw PluginRegistryError(.unknown, UnknownPluginText(identifier, in: registry).message)
    }
    var values: [String: OptionValue] = [:]
    for option in description.options {
      let given = engine.options.value(option.name)
      values[option.name] = given.map { option.type.accepts($0) } == true ? given : option.defaultValue
    }
    let selection = PluginSelection(identifier, options: PluginOptions(path: engine.options.path, values: values))
    var settings = self
    settings.engine = selection
    return settings
  }
}

extension StorageAdvisor {
  /// An advisor for the engines of `registry`.
  public init(_ registry: PluginRegistry) {
    let compiledIn = registry.descriptions(of: .storage).map(\.identifier.name)
    self.init(available: Set(StorageSettings.candidates).intersection(compiledIn))
  }
}

extension Duration {
  /// `0.42 ms`.
  fileprivate var formatted: String {
    let milliseconds = self / .milliseconds(1)
    return "\((milliseconds * 100).rounded() / 100) ms"
  }
}
