import ArgumentParser
import Foundation
import Testing
import TomboloComposition
import TomboloPorts
import TomboloStorage

@testable import TomboloProgram

@Suite("tombolo storage verify")
struct StorageVerifyTests {
  @Test("A violated rule ends with exit status 1, and the error tells how many and how to repeat the run")
  func violated() async throws {
    let error = try #require(try await verify("forward"))
    let report = ExitReport(error)
    #expect(report.status == 1)
    #expect(report.text.contains("rules are violated by forward"), "\(report.text)")
    #expect(report.text.contains("--seed 7"), "\(report.text)")
  }

  @Test("A store that conforms ends without an error")
  func kept() async throws {
    let error = try await verify("memory")
    #expect(error == nil)
  }

  /// What the command throws for a storage of this type.
  private func verify(_ type: String) async throws -> (any Error)? {
    let folder = FileManager.default.temporaryDirectory.appending(path: "verify-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "tombolo.yaml").path
    try "storage: { type: \(type) }\n".write(toFile: file, atomically: true, encoding: .utf8)
    var registry = try StandardPlugins.registry()
    try registry.register(ForwardStoragePlugin.self)
    let command = try StorageVerifyCommand.parse(["--config", file, "--seed", "7", "--json"])
    do {
      try await CompiledInPlugins.$registered.withValue(registry) { try await command.run() }
    } catch {
      return error
    }
    return nil
  }
}

/// A storage that breaks a promise: it never goes backwards.
private enum ForwardStoragePlugin: StoragePlugin {
  static let identifier = PluginIdentifier(.storage, "forward")
  static let summary = "Knows one direction."
  static let options: [OptionDeclaration] = []

  static func make(_ options: PluginOptions, in context: PluginContext) async throws -> any KeyValueStore {
    ForwardStore()
  }
}

private struct ForwardStore: KeyValueStore {
  private let base = InMemoryStore()

  var capabilities: StoreCapabilities { base.capabilities }
  func get(_ keys: [Key]) async throws -> [Record?] { try await base.get(keys) }
  func scan(_ range: KeyRange, reverse: Bool, limit: Int) async throws -> [Record] {
    try await base.scan(range, reverse: false, limit: limit)
  }
  func commit(_ batches: [Batch]) async throws -> [BatchResult] { try await base.commit(batches) }
  func close() async throws { try await base.close() }
}
