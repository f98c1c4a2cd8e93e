import Foundation
import Testing

/// `tombolo storage`: real processes on real folders.
@Suite("A store is moved, shown, checked and encrypted from the command line", .serialized)
struct StorageCommandTests {
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
    return try lines(result.output)
  }

  private func lines(_ output: String) throws -> [String] {
    try output.split(separator: "\n").map { line in
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
      let encrypted = try scene.write("b.yaml", "{ path: \(folder)/b, encryption: { keyFile: \(key) } }")
      let naked = try scene.write("naked.yaml", "{ path: \(folder)/b }")
      let back = try scene.write("c.yaml", "{ path: \(folder)/c }")
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
      let onlyNew = try scene.write("d.yaml", "{ path: \(folder)/b, encryption: { keyFile: \(second) } }")
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
      let target = try scene.write("b.yaml", "{ path: \(scene.folder.path)/b }")
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

  @Test(
    "storage verify tells every rule with its sentence, and the totals; it keeps to its scratch folder and removes it",
    arguments: Engine.allCases)
  func verify(engine: Engine) async throws {
    try await Scene.with(engine: engine) { scene in
      let result = try await scene.tombolo("storage", "verify", "--seed", "7")
      #expect(result.status == 0, "\(result.output) \(result.errors)")
      #expect(result.output.contains(", 0 violated, 0 not applicable; seed 7"), "\(result.output)")
      #expect(result.output.contains("kept            get.order: “The records at `keys`"), "\(result.output)")
      let left = try FileManager.default.contentsOfDirectory(atPath: scene.folder.path)
      #expect(left == ["tombolo.yaml"])
    }
  }

  @Test("what is intact in a damaged journal is printed and saved, the rest is told, and the journal stays as it is")
  func repair() async throws {
    try await Scene.with(engine: .file) { scene in
      try await fill(scene, count: 8)
      let before = try await dump(scene.configuration.path)
      let journal = try damage(scene, at: "hunter3")
      let bytes = try Data(contentsOf: journal)

      let config = scene.configuration.path
      let damaged = try await RunningProgram.run("tombolo", ["storage", "dump", "--config", config])
      #expect(damaged.status == 1)
      #expect(damaged.errors.contains("lost: \(journal.path): "), "\(damaged.errors)")
      #expect(damaged.errors.contains("storage repair"), "\(damaged.errors)")
      let intact = damaged.output.split(separator: "\n").count
      #expect(intact > 0 && intact < before.count, "\(intact) of \(before.count)")

      let saved = scene.folder.appending(path: "saved").path
      let arguments = ["storage", "repair", "--from", config, "--to"]
      let same = try await RunningProgram.run("tombolo", arguments + [scene.data.path])
      #expect(same.status == 2, "\(same.errors)")
      let repaired = try await RunningProgram.run("tombolo", arguments + [saved])
      #expect(repaired.status == 0, "\(repaired.errors)")
      #expect(repaired.output.hasPrefix("\(intact) records are intact and now in \(saved)\n"), "\(repaired.output)")
      #expect(repaired.errors.contains("lost: \(journal.path): "), "\(repaired.errors)")
      let copy = try scene.write("saved.yaml", "{ type: file, path: \(saved) }")
      #expect(try await dump(copy).count == intact)
      let again = try await RunningProgram.run("tombolo", arguments + [saved])
      #expect(again.status == 1, "a folder in use is not written over")
      #expect(try Data(contentsOf: journal) == bytes)
    }
  }

  @Test("a value that was tampered with is named and left out, the rest is printed, and no repair is advised")
  func tamperedValue() async throws {
    try await Scene.with { scene in
      try await fill(scene, count: 5)
      let folder = scene.folder.path
      #expect(try await RunningProgram.run("tombolo", ["storage", "generate-key", "\(folder)/key"]).status == 0)
      let encrypted = try scene.write("b.yaml", "{ path: \(folder)/b, encryption: { keyFile: \(folder)/key } }")
      let source = scene.configuration.path
      let moved = try await RunningProgram.run("tombolo", ["storage", "migrate", "--from", source, "--to", encrypted])
      #expect(moved.status == 0, "\(moved.errors)")
      let plain = try await dump(source)
      let script = """
        import sqlite3, sys
        with sqlite3.connect(sys.argv[1]) as database:
          keys = [row[0] for row in database.execute("SELECT key FROM records ORDER BY key") if row[0][:1] != b"\\0"]
          value = bytearray(database.execute("SELECT value FROM records WHERE key = ?", (keys[2],)).fetchone()[0])
          value[-1] ^= 1
          database.execute("UPDATE records SET value = ? WHERE key = ?", (bytes(value), keys[2]))
        """
      let python = Process()
      python.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      python.arguments = ["python3", "-c", script, "\(folder)/b/tombolo.sqlite"]
      try python.run()
      python.waitUntilExit()
      #expect(python.terminationStatus == 0)

      let dumped = try await RunningProgram.run("tombolo", ["storage", "dump", "--config", encrypted])
      #expect(dumped.status == 1)
      #expect(dumped.output.split(separator: "\n").count == plain.count - 1)
      #expect(try Set(lines(dumped.output)).isSubset(of: plain), "\(dumped.output)")
      #expect(dumped.errors.contains("the value at key ") && dumped.errors.contains("does not decrypt"))
      #expect(dumped.errors.contains("1 records are damaged"), "\(dumped.errors)")
      #expect(dumped.errors.contains("cannot help"), "\(dumped.errors)")
      #expect(!dumped.errors.contains("nothing was lost"), "\(dumped.errors)")
    }
  }

  @Test("a damaged store that is encrypted is printed decrypted, as far as it is intact")
  func damagedAndEncrypted() async throws {
    try await Scene.with(engine: .file) { scene in
      let key = scene.folder.appending(path: "key").path
      #expect(try await RunningProgram.run("tombolo", ["storage", "generate-key", key]).status == 0)
      let encrypted = "storage.encryption={keyFile: \(key)}"
      for index in 0..<8 {
        let added = try await scene.tombolo("enqueue", "--kind", "k\(index)", "--data", "{}", "--set", encrypted)
        #expect(added.status == 0, "\(added.errors)")
      }
      func dump() async throws -> (status: Int32, lines: Set<Substring>, errors: String) {
        let result = try await scene.tombolo("storage", "dump", "--no-revisions", "--set", encrypted)
        return (result.status, Set(result.output.split(separator: "\n")), result.errors)
      }
      let whole = try await dump()
      #expect(whole.status == 0, "\(whole.errors)")
      let journal = scene.data.appending(path: "journal-000000000001")
      var bytes = try Data(contentsOf: journal)
      let end = try #require(bytes.lastIndex { $0 != 0 })
      bytes[end / 2] ^= 1
      try bytes.write(to: journal)
      let damaged = try await dump()
      #expect(damaged.status == 1)
      #expect(damaged.errors.contains("lost: \(journal.path): "), "\(damaged.errors)")
      #expect(damaged.errors.contains("storage repair"), "\(damaged.errors)")
      // The values are those that were put, and not as they are stored.
      #expect(damaged.lines.intersection(whole.lines).count > 4, "\(damaged.lines)")
    }
  }

  @Test("what a journal holds is printed change by change, also while an agent has it open")
  func journal() async throws {
    try await Scene.with(engine: .file) { scene in
      try await fill(scene, count: 2)
      let agent = try await scene.startAgent()
      let shown = try await scene.tombolo("storage", "dump", "--journal")
      #expect(shown.status == 0, "\(shown.errors)")
      let lines = try shown.output.split(separator: "\n").map { line in
        try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      }
      #expect(lines.first??["kind"] as? String == "mark")
      #expect(lines.contains { $0?["kind"] as? String == "batch" && $0?["deleted"] == nil })
      #expect(lines.contains { $0?["valueBase64"] != nil || $0?["value"] != nil })
      #expect(try await scene.tombolo("storage", "dump").errors.contains("\(agent.program.processID)"))
      agent.program.signal(SIGTERM)
      #expect(await agent.program.waitForExit() == 0)
      #expect(try await scene.tombolo("storage", "dump", "--journal", "--no-values").status == 2)
      let sqlite = try scene.write("b.yaml", "{ type: sqlite, path: \(scene.data.path) }")
      let other = try await RunningProgram.run("tombolo", ["storage", "dump", "--journal", "--config", sqlite])
      #expect(other.status == 2)
      #expect(other.errors.contains("no journal"), "\(other.errors)")
    }
  }

  @Test("an engine without a repair says so, and which ones have it", arguments: [Engine.sqlite, .lmdb])
  func noRepair(engine: Engine) async throws {
    try await Scene.with(engine: engine) { scene in
      try await fill(scene, count: 1)
      let target = scene.folder.appending(path: "saved").path
      let refused = try await RunningProgram.run(
        "tombolo", ["storage", "repair", "--from", scene.configuration.path, "--to", target])
      #expect(refused.status == 1)
      #expect(refused.errors.contains("storage.\(engine) cannot repair"), "\(refused.errors)")
      #expect(refused.errors.contains("file"), "\(refused.errors)")
      #expect(!FileManager.default.fileExists(atPath: target))
    }
  }

  /// Flips a bit of `text` in the journal, and answers with the file.
  private func damage(_ scene: Scene, at text: String) throws -> URL {
    for name in try FileManager.default.contentsOfDirectory(atPath: scene.data.path).sorted() {
      let file = scene.data.appending(path: name)
      var bytes = try Data(contentsOf: file)
      guard let place = bytes.range(of: Data(text.utf8)) else { continue }
      bytes[place.lowerBound] ^= 1
      try bytes.write(to: file)
      return file
    }
    throw RunningProgram.Failure(description: "no file in \(scene.data.path) holds \(text)")
  }
}
