import Foundation
import Testing

/// Agents that share one encrypted store, and the command that changes its key.
@Suite("The key of a store that agents share is changed only when none of them has it open", .serialized)
struct SharedStorageTests {
  @Test(
    "beside one agent of several it is refused, and what they go on writing under the old key is readable after it",
    arguments: [Engine.sqlite, .lmdb])
  func rotation(engine: Engine) async throws {
    try await Scene.with(engine: engine) { scene in
      let (key, next) = (scene.folder.appending(path: "key"), scene.folder.appending(path: "next"))
      for file in [key, next] {
        #expect(try await RunningProgram.run("tombolo", ["storage", "generate-key", file.path]).status == 0)
      }
      let old = try String(contentsOf: key, encoding: .utf8)
      let settings = (engine.settingsWhenShared + ["storage.encryption={keyFile: \(key.path)}"])
        .flatMap { ["--set", $0] }
      func tombolo(_ words: String...) async throws -> (status: Int32, output: String, errors: String) {
        try await RunningProgram.run("tombolo", words + ["--config", scene.configuration.path] + settings)
      }

      let first = try await scene.startAgent(settings)
      try await enqueue("a", first)
      let second = try await scene.startAgent(settings + ["--set", "agent.listen=127.0.0.1:0"])
      try await enqueue("b", second)
      // The agents go on with the key file as it was when they started.
      try (String(contentsOf: next, encoding: .utf8) + old).write(to: key, atomically: true, encoding: .utf8)
      try await enqueue("c", second)
      for agent in [second, first] {
        let refused = try await tombolo("storage", "rotate-key")
        #expect(refused.status == 1)
        #expect(refused.errors.contains("\(scene.data.path) is in use by another process"), "\(refused.errors)")
        try await enqueue("d", first)
        agent.program.signal(SIGTERM)
        #expect(await agent.program.waitForExit() == 0)
      }

      let rotated = try await tombolo("storage", "rotate-key")
      #expect(rotated.status == 0, "\(rotated.errors)")
      try FileManager.default.removeItem(at: key)
      try FileManager.default.copyItem(at: next, to: key)
      let kept = try await tombolo("list", "--json", "--limit", "100")
      let kinds = kept.output.matches(of: #/"kind":"(.)"/#).map { String($0.1) }.sorted().joined()
      #expect(kinds == "aabbccdddd", "\(kept.output) \(kept.errors)")
      #expect(try await tombolo("storage", "dump").status == 0)
      try old.write(to: key, atomically: true, encoding: .utf8)
      let late = try await tombolo("run")
      #expect(late.status == 1)
      #expect(late.errors.contains("key"), "\(late.errors)")
    }
  }

  private func enqueue(_ kind: String, _ agent: Agent) async throws {
    let body = #"{"operations":[{"kind":"\#(kind)"},{"kind":"\#(kind)","payload":"hunter"}]}"#
    #expect(try await Web.send("POST", agent.url + "/v1/operations", body).status == 202)
  }
}
