import Foundation
import Testing

/// What a disk and a second agent do to the first, with real processes, for each engine.
@Suite("A folder has one agent, and a full disk stops only what adds", .serialized)
struct StorageTests {
  @Test(
    "a second agent on the same folder is refused, naming the first; after its kill -9 it starts",
    arguments: Engine.allCases)
  func oneAgentAFolder(engine: Engine) async throws {
    try await Scene.with(engine: engine) { scene in
      let first = try await scene.startAgent()
      let answer = try await Web.send("POST", first.url + "/v1/operations", Self.operation(payloadByteCount: 10))
      #expect(answer.status == 202)
      let refused = try await scene.tombolo("run")
      #expect(refused.status != 0)
      #expect(refused.errors.contains("pid \(first.program.processID)"), "\(refused.errors)")
      await first.program.killAndWait()
      let second = try await scene.startAgent()
      // It may be tried at this very moment: nobody listens, and that is found out by trying.
      let status = try await Web.send("GET", second.url + "/v1/status")
      let counts: [Int] = try ["pending", "delivering", "retrying"].map { try status.value("queue.\($0)") }
      #expect(counts.reduce(0, +) == 1)
      await second.program.killAndWait()
    }
  }

  @Test(
    "an agent whose disk fails to flush ends, and the next one delivers what was accepted", .timeLimit(.minutes(15)),
    arguments: Engine.allCases)
  func failingFlush(engine: Engine) async throws {
    try await Scene.with(engine: engine) { scene in
      let upstream = try await scene.startUpstream()
      let trace = scene.folder.appending(path: "trace").path
      // With `-D` the agent is the child, and not strace.
      let agent = try await scene.startAgent(
        under: [
          "/usr/bin/strace", "-D", "-f", "--seccomp-bpf", "-qq", "-e", "trace=fdatasync", "-e",
          "inject=fdatasync:error=EIO:when=40+", "-o", trace,
        ])
      var accepted = 0
      do {
        while try await Web.send("POST", agent.url + "/v1/operations", Self.operation(payloadByteCount: 10)).status
          == 202,
          accepted < 1_000
        {
          accepted += 1
        }
      } catch {
        // It has ended already.
      }
      #expect(await agent.program.waitForExit() == 1)
      #expect(try String(contentsOfFile: trace, encoding: .utf8).contains("(INJECTED)"))
      #expect(accepted > 0)
      let next = try await scene.startAgent()
      let summary = try await Web.ask(scene.upstreamURL + "/summary") {
        try $0.value("accepted", as: Int.self) >= accepted
      }
      // The last one, of which the agent did not know, may be there as well.
      #expect(try (accepted...accepted + 1).contains(summary.value("accepted", as: Int.self)))
      await next.program.killAndWait()
      await upstream.killAndWait()
    }
  }

  @Test(
    "a full disk refuses with 507, delivery and settling go on, and then there is room again",
    arguments: Engine.allCases)
  func fullDisk(engine: Engine) async throws {
    try await Scene.with(engine: engine) { scene in
      try FileManager.default.createDirectory(at: scene.data, withIntermediateDirectories: true)
      guard mount("tmpfs", scene.data.path, "tmpfs", 0, "size=16m") == 0 else {
        Issue.record("mounting failed with errno \(errno): run the tests as root, as Tools/test does in CI")
        return
      }
      defer { umount2(scene.data.path, 2) }
      let agent = try await scene.startAgent(Scene.patience)
      var accepted = 0
      var last = try await Web.send("POST", agent.url + "/v1/operations", Self.operation(payloadByteCount: 20_000))
      while last.status == 202, accepted < 5_000 {
        accepted += 1
        last = try await Web.send("POST", agent.url + "/v1/operations", Self.operation(payloadByteCount: 20_000))
      }
      #expect(last.status == 507)
      #expect(try last.value("detail", as: String.self).contains("room"))
      #expect(accepted > 50)

      let upstream = try await scene.startUpstream()
      let status = try await Web.ask(agent.url + "/v1/status") {
        try $0.value("queue.delivered", as: Int.self) == accepted
      }
      #expect(try status.value("queue.delivered", as: Int.self) == accepted)
      let summary = try await Web.send("GET", scene.upstreamURL + "/summary")
      #expect(try summary.value("accepted", as: Int.self) == accepted)
      #expect(try summary.value("repeats", as: Int.self) == 0)
      let again = try await Web.send("POST", agent.url + "/v1/operations", Self.operation(payloadByteCount: 20_000))
      #expect(again.status == 202)
      await agent.program.killAndWait()
      await upstream.killAndWait()
    }
  }

  private static func operation(payloadByteCount: Int) -> String {
    #"{"kind":"note.add","payload":{"text":""# + String(repeating: "x", count: payloadByteCount) + #""}}"#
  }
}
