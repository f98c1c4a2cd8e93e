import Foundation
import Testing

/// The configurations that we recommend: each is checked, started, and delivers once.
@Suite("Every example configuration works", .serialized)
struct ExampleConfigurationTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appending(path: "../../Tools/Examples/Configurations").standardized

  static func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".yaml") }.sorted()
  }

  @Test("there is one for each deployment that is promised")
  func all() throws {
    #expect(try Self.names() == ["development.yaml", "gateway.yaml", "phone.yaml", "till.yaml"])
  }

  @Test("it is valid, runs, and an operation goes through it to the upstream", arguments: try names())
  func runs(name: String) async throws {
    try await Scene.with { scene in
      let upstream = try await scene.startUpstream()
      let secret = "hunter2-of-this-test"
      try "\(secret)\n".write(to: scene.folder.appending(path: "gateway.token"), atomically: true, encoding: .utf8)
      let key = scene.folder.appending(path: "tombolo.key")
      #expect(try await RunningProgram.run("tombolo", ["storage", "generate-key", key.path]).status == 0)
      let environment = ["UPSTREAM": scene.upstreamURL, "DEVICE_TOKEN": secret, "TILL_TOKEN": secret]
      // Where the examples name the usual ports, this test has its own.
      let isLocal = name == "development.yaml"
      let places =
        ["--config", Self.folder.appending(path: name).path]
        + (name == "phone.yaml" ? [] : ["--set", "agent.listen=127.0.0.1:\(scene.agentPort)"])
        + (isLocal
          ? [
            "--set", "delivery.baseURL=\(scene.upstreamURL)", "--set", "network.probe.url=\(scene.upstreamURL)/health",
          ]
          : [])
      func tombolo(_ arguments: String...) async throws -> (status: Int32, output: String, errors: String) {
        try await RunningProgram.run("tombolo", arguments + places, environment: environment, folder: scene.folder)
      }

      let check = try await tombolo("config", "check")
      #expect(check.status == 0, "\(check.errors)")
      let shown = try await tombolo("config", "show", "--redacted")
      let explained = try await tombolo("config", "explain", "delivery")
      let program = try RunningProgram("tombolo", ["run"] + places, environment: environment, folder: scene.folder)
      _ = try await program.line { $0.contains("listening on ") }
      let enqueued = try await tombolo(
        "enqueue", "--kind", "receipt.printed", "--key", "till/1", "--data", #"{"sum":5}"#)
      #expect(enqueued.status == 0, "\(enqueued.errors)")
      let summary = try await Web.ask(scene.upstreamURL + "/summary") { try $0.value("accepted", as: Int.self) == 1 }
      #expect(try summary.value("accepted", as: Int.self) == 1)
      let status = try await tombolo("status", "--json")
      #expect(status.status == 0, "\(status.errors)")
      program.signal(SIGTERM)
      #expect(await program.waitForExit() == 0)
      let rest = await program.rest()
      let everything = [check, shown, explained, enqueued, status].flatMap { [$0.output, $0.errors] }
      for text in everything + [rest.output, rest.errors] { #expect(!text.contains(secret)) }
      await upstream.killAndWait()
    }
  }
}
