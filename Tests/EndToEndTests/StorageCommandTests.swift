import Foundation
import Testing

/// `tombolo storage`: real processes on real folders.
@Suite("A store is moved, shown, checked and encrypted from the command line", .serialized)
struct StorageCommandTests {
  private func write(_ scene: Scene, _ name: String, _ storage: String) throws -> String {
    let file = scene.folder.appending(path: name)
    try "storage: \(storage)\n".write(to: file, atomically: true, encoding: .utf8)
    return file.path
  }

  private func fill(_ scene: Scene, count: Int) async throws {
    for index in 0..<count {
      let added = try await scene.tombolo("enqueue", "--kind", "k\(index)", "--data", "{\"secret\":\"hunter\(index)\"}")
      #expect(added.status == 0, "\(added.errors)")
    }
  }

  /// Keys and values, without what each store assigns for itself.
  private func dump(_ file: String) async throws -> [String] {
    let result = try await RunningProgram.run("tombolo", ["storage", "dump", "--config", file])
    #expect(result.status == 0, "\(result.errors)")
    return try result.output.split(separator: "\n").map { line in
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      return "\(object?["keyBase64"] ?? "")=\(object?["value"] ?? "")"
    }
  }

  @Test("a plain store is moved into an encrypted one, its key is rotated, and it is moved back unchanged")
  func encryptAndBack() async throws {
    try await Scene.with { scene in
      try await fill(scene, count: 5)
      let key = scene.folder.appending(path: "key").path
      #expect(try await RunningProgram.run("tombolo", ["storage", "generate-key", key]).status == 0)
      #expect(try await RunningProgram.run("tombolo", ["storage", "generate-key", key]).status == 1)
      let folder = scene.folder.path
      let encrypted = try write(scene, "b.yaml", "{ path: \(folder)/b, encryption: { keyFile: \(key) } }")
      let naked = try write(scene, "naked.yaml", "{ path: \(folder)/b }")
      let back = try write(scene, "c.yaml", "{ path: \(folder)/c }")
      let plain = try await dump(scene.configuration.path)
      #expect(!plain.isEmpty)

      let source = scene.configuration.path
      let moved = try await RunningProgram.run("tombolo", ["storage", "migrate", "--from", source, "--to", encrypted])
      #expect(moved.status == 0, "\(moved.errors)")
      #expect(moved.output.contains("SHA-256") && moved.errors.contains("copying"))
      #expect(try await dump(encrypted) == plain)
      let refused = try await RunningProgram.run("tombolo", ["storage", "dump", "--config", naked])
      #expect(refused.status == 1)
      #expect(refused.errors.contains("encrypted") && refused.errors.contains("keyFile"), "\(refused.errors)")
      let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/b/tombolo.sqlite"))
      #expect(bytes.range(of: Data("hunter3".utf8)) == nil)

      let second = scene.folder.appending(path: "key2").path
      #expect(try await RunningProgram.run("tombolo", ["storage", "generate-key", second]).status == 0)
      let both = try String(contentsOfFile: second, encoding: .utf8) + String(contentsOfFile: key, encoding: .utf8)
      try both.write(to: URL(fileURLWithPath: key), atomically: false, encoding: .utf8)
      let rotated = try await RunningProgram.run("tombolo", ["storage", "rotate-key", "--config", encrypted])
      #expect(rotated.status == 0, "\(rotated.errors)")
      let onlyNew = try write(scene, "d.yaml", "{ path: \(folder)/b, encryption: { keyFile: \(second) } }")
      #expect(try await dump(onlyNew) == plain)

      let returned = try await RunningProgram.run("tombolo", ["storage", "migrate", "--from", onlyNew, "--to", back])
      #expect(returned.status == 0, "\(returned.errors)")
      #expect(try await dump(back) == plain)
      // Once more: nothing is copied, and it is no error.
      let again = try await RunningProgram.run("tombolo", ["storage", "migrate", "--from", onlyNew, "--to", back])
      #expect(again.status == 0, "\(again.errors)")
      #expect(again.output.contains("0 of"))
    }
  }

  @Test("a store that an agent holds, one that is not there, and the same folder twice are refused")
  func refusals() async throws {
    try await Scene.with { scene in
      let target = try write(scene, "b.yaml", "{ path: \(scene.folder.path)/b }")
      let missing = try await RunningProgram.run(
        "tombolo", ["storage", "migrate", "--from", target, "--to", scene.configuration.path])
      #expect(missing.status == 1)
      #expect(missing.errors.contains("\(scene.folder.path)/b"), "\(missing.errors)")
      let same = try await RunningProgram.run("tombolo", ["storage", "migrate", "--from", target, "--to", target])
      #expect(same.status == 2)
      let keyless = try await RunningProgram.run("tombolo", ["storage", "rotate-key", "--config", target])
      #expect(keyless.status == 2)

      let agent = try await scene.startAgent()
      let held = try await RunningProgram.run(
        "tombolo", ["storage", "migrate", "--from", scene.configuration.path, "--to", target])
      #expect(held.status == 1)
      #expect(held.errors.contains("\(agent.program.processID)"), "\(held.errors)")
      agent.program.signal(SIGTERM)
      #expect(await agent.program.waitForExit() == 0)
    }
  }

  @Test("storage verify keeps to its scratch folder and removes it")
  func verify() async throws {
    try await Scene.with { scene in
      let result = try await scene.tombolo("storage", "verify", "--seed", "7")
      #expect(result.status == 0, "\(result.output) \(result.errors)")
      #expect(result.output.contains("0 violated"), "\(result.output)")
      let left = try FileManager.default.contentsOfDirectory(atPath: scene.folder.path)
      #expect(left == ["tombolo.yaml"])
    }
  }
}
