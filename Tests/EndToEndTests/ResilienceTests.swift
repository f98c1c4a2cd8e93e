import Foundation
import Testing

/// What a misbehaving upstream does to the policies around the delivery, seen by an operator: text, JSON and metrics.
@Suite("Policies hold deliveries back, and say so", .serialized)
struct ResilienceTests {
  static let breaker = """
    queue:
      backoff: { type: constant, delay: 100ms, jitter: none }
    resilience:
      upstream:
        - { type: circuitBreaker, minimumCalls: 5, windowCalls: 10, openDuration: 3s }
        - { type: attemptTimeout, limit: 1s }
    """

  @Test(
    "An upstream that keeps failing opens the breaker; status, metrics and the operations tell; it closes by itself")
  func breakerOpensAndCloses() async throws {
    try await Scene.with(Self.breaker) { scene in
      let upstream = try await scene.startUpstream()
      #expect(try await fail(scene).status < 300)
      let start = ContinuousClock.now
      let agent = try await scene.startAgent()
      #expect(try await agentStatus(agent).state == "closed")
      #expect(try await scene.tombolo("status").output.contains("circuit breaker closed"))

      var ids: [String] = []
      for number in 0..<40 { ids.append(try await enqueue("orders.\(number)", agent)) }
      let open = try await Web.ask(agent.url + "/v1/status") { try Self.breakerState($0) == "open" }
      #expect(try Self.breakerState(open) == "open")
      #expect(try open.value("resilience.name", as: String.self) == "upstream")
      #expect(try open.value("resilience.policies.0.openings", as: Int.self) >= 1)
      #expect(try open.value("resilience.policies.0.openSeconds", as: Double.self) <= 3)

      // While it is open nobody is called, and nobody's attempts are burnt. It may be probing at any one moment.
      let text = try await poll {
        try await scene.tombolo("status").output
      } until: {
        $0.contains("breaker open for another")
      }
      #expect(text.contains("breaker open for another"), "\(text)")
      let json = try await poll {
        try await scene.tombolo("status", "--json").output
      } until: {
        $0.contains(#""open""#)
      }
      #expect(json.contains(#""state":"open""#) || json.contains(#""state" : "open""#), "\(json)")
      let isOpen = #"tombolo_circuit_breaker_state{name="upstream",state="open"} 1"#
      let metrics = try await Web.ask(agent.url + "/metrics") {
        String(decoding: $0.body, as: UTF8.self).contains(isOpen)
      }
      #expect(String(decoding: metrics.body, as: UTF8.self).contains(isOpen))
      let last = try #require(ids.last)
      let shown = try await poll {
        try await scene.tombolo("show", last).output
      } until: {
        $0.contains("circuit breaker is open")
      }
      #expect(shown.contains("circuit breaker is open"), "\(shown)")
      let attempts = try await Web.send("GET", agent.url + "/v1/operations/" + last).value("attempts", as: Int.self)
      #expect(attempts <= 1)

      // Without the breaker forty operations every 100 ms would make hundreds of calls a second. With it there are those that are
      // under way when it opens, and a probe every three seconds.
      let calls = try await attemptsMade(agent)
      let seconds = Int((ContinuousClock.now - start) / .seconds(1))
      #expect(calls < 40 + seconds, "\(calls) attempts in \(seconds) s")

      #expect(try await Web.send("PUT", scene.upstreamURL + "/behaviour", "[]").status < 300)
      let done = try await Web.ask(agent.url + "/v1/status") { try $0.value("queue.delivered", as: Int.self) == 40 }
      #expect(try done.value("queue.delivered", as: Int.self) == 40)
      #expect(try Self.breakerState(done) == "closed")
      #expect(try await scene.tombolo("status").output.contains("circuit breaker closed"))
      await agent.program.killAndWait()
      await upstream.killAndWait()
    }
  }

  /// Few operations and few repetitions: at twenty failed attempts the breaker that the queue has by itself would step in.
  static let budget = """
    queue:
      backoff: { type: constant, delay: 50ms, jitter: none }
    resilience:
      upstream:
        - { type: retryBudget, ratio: 0, minimumPerSecond: 1, maximumSaved: 5 }
    """

  @Test("A used up retry budget holds repetitions back without burning attempts, and says so")
  func budgetIsUsedUp() async throws {
    try await Scene.with(Self.budget) { scene in
      let upstream = try await scene.startUpstream()
      #expect(try await fail(scene).status < 300)
      let agent = try await scene.startAgent()
      for number in 0..<12 { _ = try await enqueue("orders.\(number)", agent) }
      // The budget gains by itself while nobody asks for it.
      let used = try await Web.ask(agent.url + "/v1/status") {
        try $0.value("resilience.policies.0.refused", as: Int.self) >= 10
          && $0.value("resilience.policies.0.balance", as: Double.self) < 5
      }
      #expect(try used.value("resilience.policies.0.refused", as: Int.self) >= 10)
      #expect(try used.value("resilience.policies.0.balance", as: Double.self) < 5)
      #expect(try await scene.tombolo("status").output.contains("retry budget"))
      let metrics = String(decoding: try await Web.send("GET", agent.url + "/metrics").body, as: UTF8.self)
      #expect(metrics.contains(#"tombolo_retry_budget_balance{name="upstream"}"#))
      #expect(metrics.contains(#"tombolo_policy_refusals_total{policy="retryBudget",name="upstream"}"#))

      #expect(try await Web.send("PUT", scene.upstreamURL + "/behaviour", "[]").status < 300)
      let done = try await Web.ask(agent.url + "/v1/status") { try $0.value("queue.delivered", as: Int.self) == 12 }
      #expect(try done.value("queue.delivered", as: Int.self) == 12)
      await agent.program.killAndWait()
      await upstream.killAndWait()
    }
  }

  /// Ten first attempts and the two repetitions that are there at the start are not enough to open the breaker; the two that the
  /// budget has gained when the refused ones come back are. It saves no more than those two: else an agent that had waited for its
  /// first operation would open the breaker before anything is refused.
  static let breakerAndBudget = """
    queue:
      backoff: { type: constant, delay: 50ms, jitter: none }
    resilience:
      upstream:
        - { type: retryBudget, ratio: 0, minimumPerSecond: 2, maximumSaved: 2 }
        - { type: circuitBreaker, minimumCalls: 14, windowCalls: 50, openDuration: 4s }
    """

  @Test(
    "Over HTTP and over gRPC a failing upstream uses up the budget and opens the breaker; status shows both, then the recovery",
    arguments: MisbehavingUpstream.Transport.allCases)
  func breakerAndBudget(transport: MisbehavingUpstream.Transport) async throws {
    try await Scene.with(Self.breakerAndBudget) { scene in
      let yaml = try String(contentsOf: scene.configuration, encoding: .utf8)
      try yaml.replacing("type: http\n  baseURL", with: "type: \(transport.rawValue)\n  baseURL")
        .replacing(
          "type: http, url: \"http://127.0.0.1:\(scene.upstreamPort)/health\"",
          with: "type: tcp, address: 127.0.0.1:\(scene.upstreamPort)"
        )
        .write(to: scene.configuration, atomically: true, encoding: .utf8)
      let upstream = try await MisbehavingUpstream.start(transport, in: scene)
      try await upstream.misbehave()
      let agent = try await scene.startAgent()
      let calm = #/upstream: retry budget 2 of 2; circuit breaker closed/#
      #expect(try await scene.tombolo("status").output.contains(calm))
      for number in 0..<10 { _ = try await enqueue("orders.\(number)", agent) }

      let isSpent = #/retry budget \d of 2, held back [1-9]/#
      let spent = try await poll {
        try await scene.tombolo("status").output
      } until: {
        $0.contains(isSpent)
      }
      #expect(spent.contains(isSpent), "\(spent)")
      let both = #/retry budget \d of 2, held back \d+; circuit breaker open for another/#
      let open = try await poll {
        try await scene.tombolo("status").output
      } until: {
        $0.contains(both)
      }
      #expect(open.contains(both), "\(open)")
      let why = try await Web.ask(agent.url + "/v1/status") { try $0.value("resilience.policies.1.openings") >= 1 }
      #expect(try why.value("resilience.policies.0.refused") >= 1)

      try await upstream.behave()
      let done = try await Web.ask(agent.url + "/v1/status") { try $0.value("queue.delivered", as: Int.self) == 10 }
      #expect(try done.value("queue.delivered", as: Int.self) == 10)
      #expect(try done.value("queue.deadLettered", as: Int.self) == 0)
      let well = try await scene.tombolo("status").output
      #expect(well.contains("circuit breaker closed"), "\(well)")
      await agent.program.killAndWait()
      await upstream.program.killAndWait()
    }
  }

  @Test("type: grpc delivers to a gRPC service, through its death and return, with the same policies")
  func grpc() async throws {
    try await Scene.with { scene in
      let port = scene.upstreamPort
      try """
      agent:
        listen: 127.0.0.1:\(scene.agentPort)
      storage: { path: \(scene.data.path) }
      queue:
        backoff: { type: constant, delay: 100ms, jitter: none }
      delivery:
        type: grpc
        baseURL: http://127.0.0.1:\(port)
        timeout: 2s
      resilience:
        upstream:
          - { type: circuitBreaker, minimumCalls: 10, openDuration: 500ms }
      """.write(to: scene.configuration, atomically: true, encoding: .utf8)
      let first = try RunningProgram("grpc-upstream", ["--port", "\(port)"])
      _ = try await first.line { $0.hasPrefix("listening") }
      let agent = try await scene.startAgent()
      let id = try await enqueue("orders.first", agent)
      let call = try await first.line { $0.hasPrefix("call") }
      #expect(call.hasPrefix("call \(id) "), "\(call)")
      await first.killAndWait()

      for number in 0..<10 { _ = try await enqueue("orders.\(number)", agent) }
      let second = try RunningProgram("grpc-upstream", ["--port", "\(port)"])
      let done = try await Web.ask(agent.url + "/v1/status") { try $0.value("queue.delivered", as: Int.self) == 11 }
      #expect(try done.value("queue.delivered", as: Int.self) == 11)
      #expect(try done.value("resilience.policies.0.type", as: String.self) == "circuitBreaker")
      await agent.program.killAndWait()
      await second.killAndWait()
    }
  }

  // MARK: -

  private func fail(_ scene: Scene) async throws -> Web.Answer {
    try await Web.send(
      "PUT", scene.upstreamURL + "/behaviour", #"[{"kind":"*","mode":"status","status":500}]"#)
  }

  private func enqueue(_ kind: String, _ agent: Agent) async throws -> String {
    let answer = try await Web.send("POST", agent.url + "/v1/operations", #"{"kind":"\#(kind)"}"#)
    #expect(answer.status == 202)
    return try answer.value("id")
  }

  private static func breakerState(_ status: Web.Answer) throws -> String {
    try status.value("resilience.policies.0.state")
  }

  private func agentStatus(_ agent: Agent) async throws -> (state: String, refused: Int) {
    let status = try await Web.send("GET", agent.url + "/v1/status")
    return (try Self.breakerState(status), try status.value("resilience.policies.0.refused"))
  }

  private func attemptsMade(_ agent: Agent) async throws -> Int {
    let metrics = String(decoding: try await Web.send("GET", agent.url + "/metrics").body, as: UTF8.self)
    let match = try #require(metrics.firstMatch(of: #/(?m)^tombolo_delivery_attempts_total (\d+)$/#))
    return Int(match.1) ?? 0
  }

  /// Asks again and again until the answer is right; gives the last one after three minutes.
  private func poll(_ ask: () async throws -> String, until isRight: (String) -> Bool) async throws -> String {
    let deadline = ContinuousClock.now + .seconds(180)
    while true {
      let answer = try await ask()
      if isRight(answer) || ContinuousClock.now > deadline { return answer }
    }
  }
}
