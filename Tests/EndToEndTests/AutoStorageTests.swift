import Foundation
import Testing

/// `storage: { type: auto }` in the running program.
@Suite("The engine is chosen once, told, and never switched", .serialized)
struct AutoStorageTests {
  @Test("an empty folder gets the engine that suits the limits; later limits change nothing about it")
  func chosenOnce() async throws {
    try await Scene.with("queue: { operationsMaximum: 1000, bytesMaximum: 1MiB }") { scene in
      let auto = ["--set", "storage={type: auto, path: \(scene.data.path)}"]
      let run = ["run", "--config", scene.configuration.path]
      let first = try RunningProgram("tombolo", run + auto, folder: scene.folder)
      let url = try await first.listeningURL()
      let line = await first.errorLine { $0.contains("storage.type is auto") }
      #expect(line?.contains("engine=file") == true && line?.contains("fit into plain files") == true)
      #expect(try await Web.send("POST", url + "/v1/operations", #"{"kind":"kept"}"#).status == 202)
      #expect(try await Web.send("GET", url + "/v1/status").value("storage.type", as: String.self) == "file")
      first.signal(SIGTERM)
      #expect(await first.waitForExit() == 0)

      // For a million operations it would not be chosen, but there is a store already.
      let more = ["--set", "queue.operationsMaximum=1000000"]
      let second = try RunningProgram("tombolo", run + auto + more, folder: scene.folder)
      let status = try await Web.send("GET", try await second.listeningURL() + "/v1/status")
      #expect(try status.value("storage.type", as: String.self) == "file")
      let waiting = try ["pending", "delivering", "retrying"].map { try status.value("queue.\($0)", as: Int.self) }
      #expect(waiting.reduce(0, +) == 1)
      second.signal(SIGTERM)
      #expect(await second.waitForExit() == 0)

      let listed = try await RunningProgram.run(
        "tombolo", ["status", "--config", scene.configuration.path] + auto, folder: scene.folder)
      #expect(listed.output.contains("file, \(scene.data.path)"), "\(listed.output) \(listed.errors)")
    }
  }

  @Test("an engine that was outgrown is told by status, with the better one and the command; the store stays as it is")
  func advice() async throws {
    try await Scene.with(engine: .file) { scene in
      let agent = try await scene.startAgent()
      // By bytes, which are quicker to reach than eighty thousand operations.
      let payload = String(repeating: "x", count: 1_000_000)
      let operation = #"{"kind":"big","payload":"\#(payload)"}"#
      for _ in 0..<30 {
        let batch = #"{"operations":[\#(Array(repeating: operation, count: 9).joined(separator: ","))]}"#
        #expect(try await Web.send("POST", agent.url + "/v1/operations", batch).status == 202)
      }
      let status = try await Web.send("GET", agent.url + "/v1/status")
      let advice: String = try status.value("storage.advice")
      #expect(advice.contains("sqlite would suit better"))
      let text = try await scene.tombolo("status")
      #expect(text.output.contains("tombolo storage migrate"), "\(text.output) \(text.errors)")
      agent.program.signal(SIGTERM)
      #expect(await agent.program.waitForExit() == 0)
    }
  }
}
