import Foundation
import Synchronization
import TomboloComposition
import TomboloConformance
import TomboloPorts

/// A folder for stores that are made for a trial and thrown away, with the options of a configured one.
final class ScratchPlace: Sendable {
  private let settings: StorageSettings
  /// `nil` for an engine without a folder.
  private let folder: URL?
  private let registry: PluginRegistry
  private let nextNumber = Mutex(0)

  /// - Parameter folder: Where to make it; beside the configured folder when there is none.
  init(settings: StorageSettings, folder: String?) throws {
    self.settings = settings
    registry = try CompiledInPlugins.registry()
    guard let path = settings.path else {
      self.folder = nil
      return
    }
    let parent = folder.map { URL(fileURLWithPath: $0) } ?? URL(fileURLWithPath: path).deletingLastPathComponent()
    let place = parent.appending(path: ".tombolo-verify-\(ProcessInfo.processInfo.processIdentifier)")
    do {
      try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    } catch {
      throw CommandError(
        .failed,
        "the scratch folder \(place.path) cannot be made (\(error.localizedDescription)); name another with "
          + "--scratch FOLDER", cause: error)
    }
    self.folder = place
  }

  var typeName: String { settings.engine.identifier.name }

  /// A new, empty place in it.
  func fixture() async throws -> StoreFixture {
    guard let folder else { return StoreFixture { [self] in try await open(at: nil) } }
    let places = Folders(folder.appending(path: next()))
    return StoreFixture { [self] in
      try await open(at: places.current)
    } openAfterCrash: { [self] in
      let copy = folder.appending(path: next())
      try FileManager.default.copyItem(at: places.current, to: copy)
      places.move(to: copy)
      return try await open(at: copy)
    } dispose: {
      for folder in places.all where FileManager.default.fileExists(atPath: folder.path) {
        try FileManager.default.removeItem(at: folder)
      }
    }
  }

  /// Runs `body`, and removes the folder on every path.
  func removing<Result>(_ body: () async throws -> Result) async throws -> Result {
    let result: Result
    do {
      result = try await body()
    } catch {
      do { try remove() } catch let later { Output.error("tombolo: the scratch folder stays: \(later)") }
      throw error
    }
    try remove()
    return result
  }

  private func remove() throws {
    if let folder { try FileManager.default.removeItem(at: folder) }
  }

  private func open(at folder: URL?) async throws -> any KeyValueStore {
    var settings = settings
    if let folder { settings.engine.options = settings.engine.options.setting("path", to: .string(folder.path)) }
    // What there is to warn of is about the configured store.
    return try await settings.open(registry, in: PluginContext(time: SystemTimeSource()) { _ in })
  }

  private func next() -> String {
    nextNumber.withLock { number in
      number += 1
      return "\(number)"
    }
  }

  /// Where a store is now, and has been.
  private final class Folders: Sendable {
    private let state: Mutex<(current: URL, earlier: [URL])>

    init(_ first: URL) { state = Mutex((first, [])) }

    var all: [URL] { state.withLock { $0.earlier + [$0.current] } }
    var current: URL { state.withLock { $0.current } }

    func move(to folder: URL) { state.withLock { $0 = (folder, $0.earlier + [$0.current]) } }
  }
}
