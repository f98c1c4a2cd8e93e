import Foundation
import Testing

/// Bad input to the programs: a clear error, the right exit status, and nothing lost.
@Suite("What cannot work is refused with what, where and how to fix it", .serialized)
struct RefusalTests {
  @Test("a second agent on one store refuses and names the first; after a kill -9 of the first it starts")
  func twoAgents() async throws {
    try await Scene.with { scene in
      let first = try await scene.startAgent()
      let accepted = try await Web.send("POST", first.url + "/v1/operations", #"{"kind":"kept"}"#)
      #expect(accepted.status == 202)
      let second = try await scene.tombolo("run", "--set", "agent.listen=127.0.0.1:\(scene.upstreamPort)")
      #expect(second.status == 1)
      #expect(second.errors.contains("\(first.program.processID)"), "\(second.errors)")
      await first.program.killAndWait()
      let third = try await scene.startAgent()
      let status = try await Web.send("GET", third.url + "/v1/status")
      // The agent may be trying it, or have tried: it does not know before that nobody is there.
      let waiting = try ["pending", "delivering", "retrying"].map { try status.value("queue.\($0)", as: Int.self) }
      #expect(waiting.reduce(0, +) == 1)
      third.program.signal(SIGTERM)
      #expect(await third.program.waitForExit() == 0)
    }
  }

  @Test("a taken port is named")
  func takenPort() async throws {
    try await Scene.with { scene in
      let upstream = try await scene.startUpstream()
      let result = try await scene.tombolo("run", "--set", "agent.listen=127.0.0.1:\(scene.upstreamPort)")
      #expect(result.status == 1)
      #expect(result.errors.contains("\(scene.upstreamPort)"), "\(result.errors)")
      await upstream.killAndWait()
    }
  }

  @Test("a store folder that cannot be used is named")
  func unusableFolder() async throws {
    try await Scene.with { scene in
      // A regular file where a folder is needed stops even root.
      let file = scene.folder.appending(path: "file")
      try Data().write(to: file)
      let path = file.appending(path: "data").path
      let result = try await scene.tombolo("run", "--set", "storage.path=\(path)")
      #expect(result.status == 1)
      #expect(result.errors.contains(file.path), "\(result.errors)")
    }
  }

  @Test("a misspelt key is named with file, line and the nearest key, by run and by config check")
  func misspeltKey() async throws {
    try await Scene.with("queue:\n  concurency: 4") { scene in
      for command in [["run"], ["config", "check"]] {
        let result = try await RunningProgram.run("tombolo", command + ["--config", scene.configuration.path])
        #expect(result.status == 2)
        for word in ["tombolo.yaml", "concurency", "concurrency", ":14"] {
          #expect(result.errors.contains(word), "\(command): no \(word) in \(result.errors)")
        }
      }
    }
  }

  @Test("an unknown plugin lists what is compiled in and how to add one")
  func unknownPlugin() async throws {
    try await Scene.with { scene in
      let result = try await scene.tombolo("run", "--set", "storage.type=sqlight")
      #expect(result.status == 2)
      for word in ["sqlight", "sqlite", "memory", "StandardPlugins.swift"] {
        #expect(result.errors.contains(word), "no \(word) in \(result.errors)")
      }
    }
  }

  @Test("config check refuses what run would refuse, all of it in one pass")
  func whatOnlyPluginsCanJudge() async throws {
    try await Scene.with { scene in
      for command in [["config", "check"], ["run"]] {
        let arguments =
          command + [
            "--config", scene.configuration.path, "--set", "network.probe={type: tcp}", "--set",
            "delivery.baseURL=http://127.0.0.1:9/?a=b",
          ]
        let result = try await RunningProgram.run("tombolo", arguments)
        #expect(result.status == 2)
        #expect(result.errors.contains("network.probe"), "\(result.errors)")
        #expect(result.errors.contains("base URL"), "\(result.errors)")
        #expect(!result.errors.contains("delivery: delivery"), "\(result.errors)")
      }
    }
  }

  @Test("the command line works without an agent, straight on the store, and with one, through it")
  func withAndWithoutAgent() async throws {
    try await Scene.with { scene in
      // The agent does not try it: what is being delivered cannot be discarded.
      let added = try await scene.tombolo("enqueue", "--kind", "alone", "--data", #"{"a":1}"#, "--not-before", "1d")
      #expect(added.status == 0, "\(added.errors)")
      let id = added.output.trimmingCharacters(in: .whitespacesAndNewlines)
      #expect(try await scene.tombolo("show", id).output.contains("alone"))

      let agent = try await scene.startAgent()
      let listed = try await scene.tombolo("list")
      #expect(listed.output.contains(id), "\(listed.output) \(listed.errors)")
      let discarded = try await scene.tombolo("discard", id, "--reason", "a test")
      #expect(discarded.status == 0, "\(discarded.errors)")
      let again = try await scene.tombolo("show", id)
      #expect(again.status == 1)
      #expect(again.errors.contains(id))
      agent.program.signal(SIGTERM)
      #expect(await agent.program.waitForExit() == 0)
    }
  }
}
