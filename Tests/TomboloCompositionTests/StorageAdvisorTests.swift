import Foundation
import Synchronization
import Testing
import TomboloPorts

@testable import TomboloComposition

@Suite struct StorageAdvisorTests {
  private let advisor = StorageAdvisor(available: ["file", "sqlite", "lmdb"])

  @Test(
    "each engine is chosen for the data it suits",
    arguments: [
      (StorageFacts(operationCount: 1_000_000, byteCount: 1 << 30), "sqlite"),
      (StorageFacts(operationCount: 20_000, byteCount: 64 << 20), "file"),
      (StorageFacts(operationCount: 20_001, byteCount: 64 << 20), "sqlite"),
      (StorageFacts(operationCount: 20_000, byteCount: 64 << 20 + 1), "sqlite"),
      (StorageFacts(operationCount: 10, byteCount: 10, processCount: 2), "sqlite"),
      (StorageFacts(operationCount: 1_000_000, byteCount: 1 << 30, writesPerSecond: 50_000), "lmdb"),
      (
        StorageFacts(
          operationCount: 1_000_000, byteCount: 1 << 30, writesPerSecond: 50_000, flushDuration: .milliseconds(9)),
        "sqlite"
      ),
      (
        StorageFacts(operationCount: 1_000_000, byteCount: 1 << 30, writesPerSecond: 50_000, isRemoteDisk: true), "file"
      ),
    ])
  func choice(facts: StorageFacts, engine: String) throws {
    let advice = try #require(advisor.choice(for: facts))
    #expect(advice.engine == engine)
    #expect(!advice.reason.isEmpty)
  }

  @Test("what is not compiled in is not chosen")
  func available() {
    let facts = StorageFacts(operationCount: 10, byteCount: 10)
    #expect(StorageAdvisor(available: ["lmdb"]).choice(for: facts)?.engine == "lmdb")
    #expect(StorageAdvisor(available: []).choice(for: facts) == nil)
  }

  @Test("an engine that does well enough is left alone, and one that was outgrown is not")
  func objection() {
    let few = StorageFacts(operationCount: 100, byteCount: 100)
    for engine in ["file", "sqlite", "lmdb", "memory", "snapshot"] {
      #expect(advisor.objection(to: engine, few) == nil, "\(engine)")
    }
    let grown = StorageFacts(operationCount: 80_001, byteCount: 100)
    #expect(advisor.objection(to: "file", grown)?.engine == "sqlite")
    #expect(advisor.objection(to: "file", StorageFacts(operationCount: 80_000, byteCount: 100)) == nil)
    #expect(advisor.objection(to: "sqlite", grown) == nil)
    let remote = StorageFacts(operationCount: 1, byteCount: 1, isRemoteDisk: true)
    #expect(advisor.objection(to: "sqlite", remote)?.engine == "file")
    #expect(advisor.objection(to: "file", remote) == nil)
  }

  @Test("a folder's file system is that of the nearest mount above it, the later one where there are two")
  func mounts() {
    let table = MountTable(
      """
      overlay / overlay rw 0 0
      server:/x /mnt/a\\040b nfs4 rw 0 0
      tmpfs /mnt/a\\040b/inner tmpfs rw 0 0
      tmpfs /twice tmpfs rw 0 0
      server:/y /twice nfs rw 0 0
      """)
    #expect(!table.isRemote("/mnt"))
    #expect(table.isRemote("/mnt/a b"))
    #expect(table.isRemote("/mnt/a b/data"))
    #expect(!table.isRemote("/mnt/a bc"))
    #expect(!table.isRemote("/mnt/a b/inner/data"))
    #expect(table.isRemote("/twice/x"))
  }
}

@Suite struct AutoStorageTests {
  /// An engine of nobody's: what `auto` may name in these tests.
  private enum Engine<Name>: StoragePlugin {
    static var identifier: PluginIdentifier { PluginIdentifier(.storage, "\(Name.self)".lowercased()) }
    static var summary: String { "" }
    static var options: [OptionDeclaration] {
      [
        OptionDeclaration("path", .string, default: .string("./elsewhere"), help: ""),
        OptionDeclaration("own", .integer(1...9), default: .integer(7), help: ""),
      ]
    }
    static func make(_ options: PluginOptions, in context: PluginContext) throws -> any KeyValueStore {
      throw StoreError(.engine, "\(identifier.name) is not opened in this test")
    }
  }
  private enum SQLite {}
  private enum File {}

  private static func registry() throws -> PluginRegistry {
    var registry = try PluginRegistry.withBuiltIns()
    try registry.register(Engine<SQLite>.self)
    try registry.register(Engine<File>.self)
    return registry
  }

  private static let small = ["queue.operationsMaximum=100", "queue.bytesMaximum=1000B"]

  private static func settings(_ path: String, _ overrides: [String] = []) throws -> StorageSettings {
    try ConfigurationLoader(registry: try registry())
      .loadStorage(overrides: ["storage={type: auto, path: '\(path)'}"] + overrides)
  }

  private static func withFolder(_ body: (String) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "tombolo-auto-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let result: Result<Void, any Error>
    do {
      try await body(folder.path)
      result = .success(())
    } catch {
      result = .failure(error)
    }
    try FileManager.default.removeItem(at: folder)
    try result.get()
  }

  @Test("an empty folder, or none, gets the engine that suits, with the measured reason and without a trace")
  func chosenAnew() async throws {
    try await Self.withFolder { folder in
      for path in [folder, "\(folder)/a/b"] {
        let chosen = try await Self.settings(path, Self.small).chosen(from: Self.registry())
        #expect(chosen.settings.engine.identifier.name == "file")
        #expect(chosen.reason?.contains("at most 100 operations and 1000B fit into plain files") == true)
        #expect(chosen.reason?.contains("a flush takes") == true)
        #expect(chosen.settings.path == path)
        #expect(try chosen.settings.engine.options.integer("own") == 7)
        #expect(chosen.settings.engine.options.value("processes") == nil)
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
    }
  }

  @Test("opening chooses by the limits of the config too, and tells why", arguments: [(small, "file"), ([], "sqlite")])
  func opening(limits: [String], engine: String) async throws {
    try await Self.withFolder { folder in
      let told = Mutex<[String]>([])
      let context = PluginContext(time: SystemTimeSource()) { text in told.withLock { $0.append(text) } }
      let error = await #expect(throws: StoreError.self) {
        try await Self.settings(folder, limits).open(Self.registry(), in: context)
      }
      #expect(error?.message == "\(engine) is not opened in this test")
      #expect(told.withLock { $0 }.map { $0.hasPrefix("storage.type is auto: \(engine), because ") } == [true])
    }
  }

  @Test("what a killed survey left behind is nobody's store, and does not keep the next one from measuring")
  func killedSurvey() async throws {
    try await Self.withFolder { folder in
      for process in [getpid(), 1] {
        try "Z".write(toFile: "\(folder)/tombolo.survey.\(process)", atomically: true, encoding: .utf8)
      }
      let chosen = try await Self.settings(folder).chosen(from: Self.registry())
      #expect(chosen.facts.flushDuration != nil)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["tombolo.survey.1"])
    }
  }

  @Test("an existing store keeps its engine, whatever would suit better now")
  func existing() async throws {
    try await Self.withFolder { folder in
      try "sqlite\n".write(toFile: "\(folder)/tombolo.engine", atomically: true, encoding: .utf8)
      let chosen = try await Self.settings(folder, Self.small).chosen(from: Self.registry())
      #expect(chosen.settings.engine.identifier.name == "sqlite")
      #expect(chosen.reason == "the store in \(folder) was made by it")
    }
  }

  @Test("a store whose engine is not compiled in is refused, with what is")
  func notCompiledIn() async throws {
    try await Self.withFolder { folder in
      try "snapshot\n".write(toFile: "\(folder)/tombolo.engine", atomically: true, encoding: .utf8)
      let error = await #expect(throws: PluginRegistryError.self) {
        try await Self.settings(folder).chosen(from: Self.registry())
      }
      #expect(error?.code == .unknown)
      #expect(error?.message.contains("storage.snapshot") == true)
    }
  }

  @Test("files that no engine claims are nobody's to write beside")
  func foreignFiles() async throws {
    try await Self.withFolder { folder in
      try "x".write(toFile: "\(folder)/letters.db", atomically: true, encoding: .utf8)
      let error = await #expect(throws: StoreError.self) {
        try await Self.settings(folder).chosen(from: Self.registry())
      }
      #expect(error?.code == .inaccessible)
      #expect(error?.message.contains("letters.db") == true)
    }
  }

  @Test("an engine that is named is that engine")
  func named() async throws {
    let settings = try ConfigurationLoader(registry: try Self.registry()).loadStorage(overrides: ["storage.type=file"])
    let chosen = try await settings.chosen(from: Self.registry())
    #expect(chosen.settings.engine.identifier.name == "file")
    #expect(chosen.reason == nil)
  }
}
