import Foundation
import Testing

/// The agent that somebody else built, with a storage, a delivery, a backoff and a policy of their own.
@Suite("A stranger's parts are chosen by a config like any other", .serialized)
struct StrangersPartsTests {
  private static let configuration = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appending(path: "../../Tools/Examples/StrangersParts/tombolo.yaml").standardized.path

  @Test("the config names all four, and an operation goes through them")
  func delivers() async throws {
    try await Scene.with { scene in
      let place = ["--config", Self.configuration, "--set", "agent.listen=127.0.0.1:\(scene.agentPort)"]
      let program = try RunningProgram("example-strangers-agent", ["run"] + place, folder: scene.folder)
      let url = try await program.listeningURL()
      #expect(try await Web.send("GET", url + "/v1/status").value("storage.type", as: String.self) == "snapshot")
      let operation = #"{"kind":"note.written","payload":{"text":"kept"},"idempotencyKey":"one"}"#
      #expect(try await Web.send("POST", url + "/v1/operations", operation).status == 202)
      let status = try await Web.ask(url + "/v1/status") { try $0.value("queue.delivered", as: Int.self) == 1 }
      #expect(try status.value("queue.delivered", as: Int.self) == 1)
      #expect(try status.value("resilience.policies.0.type", as: String.self) == "dutyCycle")
      let outbox = scene.folder.appending(path: "outbox").path
      let files = try FileManager.default.contentsOfDirectory(atPath: outbox)
      #expect(files.count == 1)
      let file = try #require(files.first)
      #expect(file.hasPrefix("note.written."))
      #expect(try String(contentsOfFile: "\(outbox)/\(file)", encoding: .utf8).contains("kept"))
      program.signal(SIGTERM)
      #expect(await program.waitForExit() == 0)
    }
  }

  @Test("they are listed with their options, and explained like the standard ones")
  func listed() async throws {
    let plugins = try await RunningProgram.run("example-strangers-agent", ["plugins"])
    for line in [
      "storage.snapshot  ", "delivery.folder  ", "backoff.fibonacci  ", "resilience.dutyCycle  ", "storage.sqlite  ",
    ] {
      #expect(plugins.output.contains(line), "\(plugins.output)")
    }
    let explained = try await RunningProgram.run(
      "example-strangers-agent", ["config", "explain", "queue.backoff.unit", "--config", Self.configuration])
    #expect(explained.output.contains("The first and the second wait."), "\(explained.output) \(explained.errors)")
    let schema = try await RunningProgram.run("example-strangers-agent", ["config", "schema"])
    #expect(schema.output.contains("fibonacci") && schema.output.contains("dutyCycle"))
  }

  @Test(
    "a slip in a name lists what is compiled in, theirs too, and both ways to add one",
    arguments: [
      "storage.type=snapshto", "delivery.type=foldr", "queue.backoff.type=fibonaci",
      "resilience={upstream: [{type: dutyCicle}]}",
    ])
  func slip(override: String) async throws {
    let result = try await RunningProgram.run(
      "example-strangers-agent", ["config", "check", "--config", Self.configuration, "--set", override])
    #expect(result.status == 2)
    let wanted = ["storage": "snapshot", "delivery": "folder", "queue": "fibonacci", "resilience": "dutyCycle"]
    let name = wanted[String(override.prefix { $0.isLetter })] ?? ""
    for text in [
      "did you mean \"\(name)\"?", "Compiled in: ", "StandardPlugins.swift", "AgentProgram.run { registry in",
    ] {
      #expect(result.errors.contains(text), "no \(text) in \(result.errors)")
    }
    // The standard program says the same, and does not know the stranger's.
    let standard = try await RunningProgram.run(
      "tombolo", ["config", "check", "--config", Self.configuration])
    #expect(standard.status == 2)
    #expect(standard.errors.contains("no plugin storage.snapshot is compiled in"))
  }
}
