import Foundation
import Testing

/// Two agents deliver from one store: separate processes, real sockets, a real disk.
@Suite("Two agents share one store", .serialized)
struct TwoAgentsTests {
  static let engines = [Engine.sqlite, .lmdb]

  @Test("What is posted to either is delivered once, by both of them", arguments: engines)
  func together(engine: Engine) async throws {
    try await Scene.with(engine: engine) { scene in
      let upstream = try await scene.startUpstream()
      // Slow enough for neither to be done before the other begins.
      try await behave(#"[{"kind":"*","mode":"delay","milliseconds":50}]"#, scene)
      // Long beside any pause of a busy machine: a lease that ends is a repeat, and so is an answer that is too late.
      let first = try await start("first", lease: "10m", in: scene, Scene.patience)
      let second = try await start(
        "second", lease: "10m", in: scene, Scene.patience + ["--set", "agent.listen=127.0.0.1:0"])
      try await withThrowingTaskGroup(of: Void.self) { group in
        for agent in [first, second] {
          group.addTask { for number in 0..<100 { try await post("note.add", key: "k\(number % 20)", to: agent) } }
        }
        try await group.waitForAll()
      }
      for agent in [second, first] { try await expectDelivered(200, agent) }
      let summary = try await Web.send("GET", scene.upstreamURL + "/summary")
      #expect(try summary.value("accepted", as: Int.self) == 200)
      #expect(try summary.value("repeats", as: Int.self) == 0)
      #expect(Set(try await received(scene).map(\.agent)) == ["first", "second"])
      for program in [first.program, second.program, upstream] { await program.killAndWait() }
    }
  }

  @Test("When one is killed in the middle of a delivery the other takes over when the lease ends", arguments: engines)
  func takeover(engine: Engine) async throws {
    try await Scene.with(engine: engine) { scene in
      let upstream = try await scene.startUpstream()
      try await behave(#"[{"kind":"stuck","mode":"hang"}]"#, scene)
      let first = try await start("first", lease: "5s", in: scene, Scene.patience)
      try await post("stuck", key: "k", to: first)
      _ = try await upstream.line { $0.contains("stuck") && $0.contains("hangs") }
      let second = try await start("second", lease: "5s", in: scene, "--set", "agent.listen=127.0.0.1:0")
      try await post("behind", key: "k", to: second)
      for _ in 0..<50 { try await post("other", to: second) }
      try await expectDelivered(50, second)
      #expect(try await received(scene).allSatisfy { $0.kind == "other" })

      await first.program.killAndWait()
      try await behave("[]", scene)
      try await expectDelivered(52, second)
      let all = try await received(scene)
      #expect(all.count == 52)
      #expect(all.suffix(2).map(\.kind) == ["stuck", "behind"])
      #expect(all.suffix(2).allSatisfy { $0.agent == "second" })
      for program in [second.program, upstream] { await program.killAndWait() }
    }
  }

  // MARK: - Steps

  private func start(_ name: String, lease: String, in scene: Scene, _ more: String...) async throws -> Agent {
    try await start(name, lease: lease, in: scene, more)
  }

  private func start(_ name: String, lease: String, in scene: Scene, _ more: [String]) async throws -> Agent {
    let settings =
      scene.engine.settingsWhenShared + [
        "delivery.headers={X-Agent: \(name)}", "queue.concurrency=4", "queue.leaseDuration=\(lease)",
        "queue.sharedPollInterval=50ms",
      ]
    return try await scene.startAgent(settings.flatMap { ["--set", $0] } + more)
  }

  private func behave(_ rules: String, _ scene: Scene) async throws {
    #expect(try await Web.send("PUT", scene.upstreamURL + "/behaviour", rules).status < 300)
  }

  private func post(_ kind: String, key: String? = nil, to agent: Agent) async throws {
    let shownKey = key.map { #","orderingKey":"\#($0)""# } ?? ""
    #expect(try await Web.send("POST", agent.url + "/v1/operations", #"{"kind":"\#(kind)"\#(shownKey)}"#).status == 202)
  }

  private func expectDelivered(_ count: Int, _ agent: Agent) async throws {
    let status = try await Web.ask(agent.url + "/v1/status") { try $0.value("queue.delivered", as: Int.self) == count }
    #expect(try status.value("queue.delivered", as: Int.self) == count)
  }

  /// What the upstream accepted, in its order, and who delivered it.
  private func received(_ scene: Scene) async throws -> [(kind: String, agent: String?)] {
    let answer = try await Web.send("GET", scene.upstreamURL + "/received?limit=1000")
    return try answer.value("operations", as: [[String: Any]].self).map { operation in
      let fields = operation["headers"] as? [[String: String]] ?? []
      let agent = fields.first { $0["name"]?.lowercased() == "x-agent" }?["value"]
      return (operation["kind"] as? String ?? "", agent)
    }
  }
}
