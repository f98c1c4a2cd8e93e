import Foundation
import Testing

/// What each answer of an upstream leads to, seen through the agent and the command line.
@Suite("Every answer of the upstream ends where it should, and the others flow meanwhile", .serialized)
struct OutcomeTests {
  /// A kind, how the upstream treats it, the state it ends in, and what `tombolo show` must say.
  struct Case: Sendable {
    var kind: String
    var behaviour: String
    var state: String
    var words: [String]
  }

  static let cases = [
    Case(kind: "fails", behaviour: #""mode":"status","status":500"#, state: "retrying", words: ["500"]),
    Case(
      kind: "throttled", behaviour: #""mode":"status","status":429,"retryAfter":200"#, state: "retrying", words: ["429"]
    ),
    Case(kind: "times-out-there", behaviour: #""mode":"status","status":408"#, state: "retrying", words: ["408"]),
    Case(kind: "is-refused", behaviour: #""mode":"status","status":400"#, state: "deadLettered", words: ["400"]),
    Case(kind: "conflicts", behaviour: #""mode":"status","status":409"#, state: "parked", words: ["409"]),
    Case(kind: "is-reset", behaviour: #""mode":"reset""#, state: "retrying", words: ["attempt"]),
    Case(kind: "hangs", behaviour: #""mode":"hang""#, state: "retrying", words: ["attempt"]),
  ]

  /// Long enough that what retries once is still waiting when it is looked at, on a busy machine as well.
  static let slowBackoff = """
    queue:
      backoff: { type: constant, delay: 2m, jitter: none }
    """

  @Test("500, 429, 408, 400, 409, a reset and a hang")
  func answers() async throws {
    try await Scene.with(Self.slowBackoff) { scene in
      let upstream = try await scene.startUpstream()
      let rules = Self.cases.map { "{\"kind\":\"\($0.kind)\",\($0.behaviour)}" }.joined(separator: ",")
      #expect(try await Web.send("PUT", scene.upstreamURL + "/behaviour", "[\(rules)]").status < 300)
      // Shorter than an attempt may take, and longer than a busy machine stands still.
      let agent = try await scene.startAgent("--set", "delivery.timeout=25s", "--set", "delivery.connectTimeout=25s")

      var ids: [String: String] = [:]
      for one in Self.cases { ids[one.kind] = try await enqueue(one.kind, agent) }
      for number in 0..<20 { _ = try await enqueue("flows.\(number)", agent) }
      let delivered = try await Web.ask(agent.url + "/v1/status") { status in
        try status.value("queue.delivered", as: Int.self) == 20
      }
      #expect(try delivered.value("queue.delivered", as: Int.self) == 20)

      for one in Self.cases {
        let id = try #require(ids[one.kind])
        let url = agent.url + "/v1/operations/" + id
        let answer = try await Web.ask(url) { try $0.value("state", as: String.self) == one.state }
        #expect(try answer.value("state", as: String.self) == one.state, "\(one.kind)")
        #expect(try answer.value("attempts", as: Int.self) == 1, "\(one.kind)")
        let shown = try await scene.tombolo("show", id)
        #expect(shown.status == 0, "\(shown.errors)")
        for word in one.words + ["1"] { #expect(shown.output.contains(word), "\(one.kind): \(shown.output)") }
      }
      // Retry-After, being longer than the backoff, wins.
      let throttled = try await scene.tombolo("show", try #require(ids["throttled"]), "--json")
      #expect(try waitAfterFailure(throttled.output) > 120)
      await agent.program.killAndWait()
      await upstream.killAndWait()
    }
  }

  @Test("401 pauses the upstream, keeps the operations and burns no attempt; they arrive when it is accepted again")
  func unauthorized() async throws {
    try await Scene.with { scene in
      let upstream = try await scene.startUpstream()
      let rule = #"{"kind":"*","mode":"status","status":401}"#
      #expect(try await Web.send("PUT", scene.upstreamURL + "/behaviour", rule).status < 300)
      let agent = try await scene.startAgent()
      let first = try await enqueue("first", agent)
      let url = agent.url + "/v1/operations/" + first
      let refused = try await Web.ask(url) { answer in
        // At any one moment it may be tried again.
        guard answer.body.firstRange(of: Data("unauthorized".utf8)) != nil else { return false }
        return try answer.value("state", as: String.self) == "pending"
      }
      #expect(try refused.value("state", as: String.self) == "pending")
      #expect(try refused.value("attempts", as: Int.self) == 0)
      let shown = try await scene.tombolo("show", first)
      #expect(shown.output.contains("401"), "\(shown.output)")
      for number in 0..<10 { _ = try await enqueue("later.\(number)", agent) }
      #expect(try await Web.send("PUT", scene.upstreamURL + "/behaviour", "[]").status < 300)
      let status = try await Web.ask(agent.url + "/v1/status") { status in
        try status.value("queue.delivered", as: Int.self) == 11
      }
      #expect(try status.value("queue.delivered", as: Int.self) == 11)
      #expect(try status.value("queue.deadLettered", as: Int.self) == 0)
      await agent.program.killAndWait()
      await upstream.killAndWait()
    }
  }

  private func enqueue(_ kind: String, _ agent: Agent) async throws -> String {
    let answer = try await Web.send("POST", agent.url + "/v1/operations", "{\"kind\":\"\(kind)\",\"payload\":1}")
    #expect(answer.status == 202)
    return try answer.value("id")
  }

  /// Seconds from the last failure to the next attempt, by `tombolo show --json`.
  private func waitAfterFailure(_ json: String) throws -> Double {
    let object = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
    let failure = try #require(object["lastError"] as? [String: Any])
    let (failedAt, dueAt) = (try #require(failure["at"] as? String), try #require(object["nextDueAt"] as? String))
    let format = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    return try format.parse(dueAt).timeIntervalSince(try format.parse(failedAt))
  }
}
