import Foundation
import Testing

/// A store on a disk that can be read and no more, as one that begins to fail is mounted again by the system.
@Suite("tombolo storage on a folder that cannot be written", .serialized)
struct ReadOnlyStorageTests {
  /// Runs `body` while `folder` is mounted over itself so that nobody can write into it.
  private func readOnly(_ folder: String, _ body: () async throws -> Void) async throws {
    guard mount(folder, folder, nil, UInt(MS_BIND), nil) == 0 else {
      Issue.record("mounting failed with errno \(errno): run the tests as root, as Tools/test does in CI")
      return
    }
    defer { umount2(folder, 2) }
    try #require(mount(nil, folder, nil, UInt(MS_BIND) | UInt(MS_REMOUNT) | UInt(MS_RDONLY), nil) == 0)
    try await body()
  }

  private func fill(_ scene: Scene) async throws {
    for index in 0..<4 {
      let added = try await scene.tombolo("enqueue", "--kind", "k\(index)", "--data", "{\"secret\":\"hunter\(index)\"}")
      #expect(added.status == 0, "\(added.errors)")
    }
  }

  @Test("a journal is printed and saved from there, and its lock is respected; without a lock it says so")
  func journal() async throws {
    try await Scene.with(engine: .file) { scene in
      try await fill(scene)
      let whole = try await scene.tombolo("storage", "dump")
      #expect(whole.status == 0)
      let saved = scene.folder.appending(path: "saved").path
      let repair = ["storage", "repair", "--from", scene.configuration.path, "--to", saved]
      let agent = try await scene.startAgent()
      try await readOnly(scene.data.path) {
        for arguments in [["storage", "dump", "--config", scene.configuration.path], repair] {
          let held = try await RunningProgram.run("tombolo", arguments)
          #expect(held.status == 1)
          #expect(held.errors.contains("pid \(agent.program.processID)"), "\(held.errors)")
        }
      }
      agent.program.signal(SIGTERM)
      #expect(await agent.program.waitForExit() == 0)
      let now = try await scene.tombolo("storage", "dump").output
      try await readOnly(scene.data.path) {
        let dumped = try await scene.tombolo("storage", "dump")
        #expect(dumped.status == 0, "\(dumped.errors)")
        #expect(dumped.output == now)
        #expect(!dumped.errors.contains("without a lock"), "\(dumped.errors)")
        let repaired = try await RunningProgram.run("tombolo", repair)
        #expect(repaired.status == 0, "\(repaired.errors)")
        #expect(repaired.errors.contains("nothing was lost"), "\(repaired.errors)")
      }
      let copy = try scene.write("saved.yaml", "{ type: file, path: \(saved) }")
      let kept = try await RunningProgram.run("tombolo", ["storage", "dump", "--no-revisions", "--config", copy])
      #expect(kept.output == (try await scene.tombolo("storage", "dump", "--no-revisions").output))

      try FileManager.default.removeItem(atPath: scene.data.appending(path: "tombolo.lock").path)
      try await readOnly(scene.data.path) {
        let dumped = try await scene.tombolo("storage", "dump")
        #expect(dumped.status == 0, "\(dumped.errors)")
        #expect(dumped.output == now)
        #expect(dumped.errors.contains("without a lock"), "\(dumped.errors)")
      }
    }
  }

  @Test("an encrypted journal is printed decrypted from there, and only with its key")
  func encrypted() async throws {
    try await Scene.with { scene in
      try await fill(scene)
      let folder = scene.folder.path
      #expect(try await RunningProgram.run("tombolo", ["storage", "generate-key", "\(folder)/key"]).status == 0)
      let target = try scene.write(
        "b.yaml", "{ type: file, path: \(folder)/b, encryption: { keyFile: \(folder)/key } }")
      let keyless = try scene.write("c.yaml", "{ type: file, path: \(folder)/b }")
      let source = scene.configuration.path
      let moved = try await RunningProgram.run("tombolo", ["storage", "migrate", "--from", source, "--to", target])
      #expect(moved.status == 0, "\(moved.errors)")
      let wanted = try await RunningProgram.run("tombolo", ["storage", "dump", "--config", target])
      try await readOnly("\(folder)/b") {
        let dumped = try await RunningProgram.run("tombolo", ["storage", "dump", "--config", target])
        #expect(dumped.status == 0, "\(dumped.errors)")
        #expect(dumped.output == wanted.output)
        #expect(dumped.output.split(separator: "\n").count > 4)
        let refused = try await RunningProgram.run("tombolo", ["storage", "dump", "--config", keyless])
        #expect(refused.status == 1)
        #expect(refused.output.isEmpty && refused.errors.contains("keyFile"), "\(refused.errors)")
      }
    }
  }

  @Test("an engine that cannot read where it cannot write says to copy the folder", arguments: [Engine.sqlite, .lmdb])
  func copyFirst(engine: Engine) async throws {
    try await Scene.with(engine: engine) { scene in
      try await fill(scene)
      try await readOnly(scene.data.path) {
        let refused = try await scene.tombolo("storage", "dump")
        #expect(refused.status == 1)
        #expect(refused.errors.contains("copy its folder"), "\(refused.errors)")
      }
    }
  }

  @Test("verify asks for a scratch folder elsewhere, and works there")
  func verify() async throws {
    try await Scene.with(engine: .file) { scene in
      try await fill(scene)
      let scratch = FileManager.default.temporaryDirectory.appending(path: "tombolo-scratch-\(UUID().uuidString)")
      try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
      defer {
        do { try FileManager.default.removeItem(at: scratch) } catch { Issue.record(error) }
      }
      try await readOnly(scene.folder.path) {
        let refused = try await scene.tombolo("storage", "verify")
        #expect(refused.status == 1)
        #expect(refused.errors.contains("--scratch"), "\(refused.errors)")
        let verified = try await scene.tombolo("storage", "verify", "--seed", "7", "--scratch", scratch.path)
        #expect(verified.status == 0, "\(verified.errors)")
        #expect(verified.output.contains(", 0 violated"), "\(verified.output)")
      }
    }
  }
}
