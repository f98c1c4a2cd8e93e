import AsyncHTTPClient
import ExampleUpstream
import NIOCore
import NIOHTTP1
import Testing
import TomboloPorts
import TomboloTesting

@Suite("ExampleUpstream")
struct ExampleUpstreamTests {
  @Test("An idempotency key that was accepted is recognised, one that was only seen is not")
  func repeats() async throws {
    try await DeliveryHarness.run { harness in
      harness.memory.behaviours = [UpstreamBehaviour(status: 500, times: 1)]
      for attempt in 1...4 { _ = try await harness.deliver(attempt: attempt) }
      let summary = harness.memory.summary
      #expect(summary.accepted == 1)
      #expect(summary.repeats == 2)
      #expect(summary.requests == 4)
      #expect(harness.memory.received().map(\.repeats) == [2])
      #expect(harness.memory.received().map(\.attempt) == [2])
    }
  }

  @Test("The oldest operations are forgotten beyond the limit, and it says so")
  func bounded() async throws {
    let memory = UpstreamMemory(operationsMaximum: 3)
    try await Self.serve(memory) { base in
      for key in ["a", "b", "c", "d", "a"] {
        let answer = try await Self.send(.POST, "\(base)/k", body: "", fields: ["Idempotency-Key": key])
        #expect(answer.body == #"{"status":"accepted"}"#)
      }
      #expect(memory.received().map(\.idempotencyKey) == ["c", "d", "a"])
      #expect(memory.received(offset: 1, limit: 1).map(\.sequence) == [4])
      let summary = try await Self.send(.GET, "\(base)/summary")
      #expect(summary.body == #"{"accepted":5,"forgotten":2,"repeats":0,"requests":5}"#)
    }
  }

  @Test("Rules are set, shown and ended over HTTP, and used up in their order")
  func rules() async throws {
    try await Self.serve(UpstreamMemory()) { base in
      let rules = #"[{"kind":"x.*","status":503,"times":1,"retryAfter":2},{"kind":"x.y","status":422}]"#
      let requests: [(HTTPMethod, String, String)] = [
        (.PUT, "behaviour", rules), (.POST, "x.y", ""), (.POST, "x.y", ""), (.POST, "x.z", ""),
        (.DELETE, "behaviour", ""), (.POST, "x.y", ""), (.GET, "health", ""), (.GET, "nothing", ""),
      ]
      var answers: [Int] = []
      for (method, path, body) in requests {
        answers.append(try await Self.send(method, "\(base)/\(path)", body: body).status)
      }
      #expect(answers == [200, 503, 422, 200, 204, 200, 204, 404])
    }
  }

  @Test(
    "A rule with a typing error is refused",
    arguments: [#"{"kind":"x","time":3}"#, #"{"mode":"explode"}"#, #"{"status":99}"#, "{", ""])
  func typingErrors(rule: String) async throws {
    let memory = UpstreamMemory()
    try await Self.serve(memory) { base in
      let answer = try await Self.send(.PUT, "\(base)/behaviour", body: rule)
      #expect(answer.status == 400)
      #expect(answer.body.hasPrefix(#"{"error":"the rules cannot be read"#))
      #expect(memory.behaviours.isEmpty)
    }
  }

  @Test("A port that is taken is a clear error, also for whoever waits for the port")
  func takenPort() async throws {
    try await DeliveryHarness.run { harness in
      let second = UpstreamServer(port: harness.port)
      let error = await #expect(throws: UpstreamError.self) { try await second.run() }
      #expect(error?.message.hasPrefix("port \(harness.port) of 127.0.0.1 is taken") == true)
      await #expect(throws: UpstreamError.self) { try await second.boundPort() }
    }
  }

  @Test("A second server goes on where the first stopped")
  func sharedMemory() async throws {
    let memory = UpstreamMemory()
    for _ in 1...2 {
      try await Self.serve(memory) { base in
        _ = try await Self.send(.POST, "\(base)/k", fields: ["Idempotency-Key": "a"])
      }
    }
    #expect(memory.summary.repeats == 1)
  }

  private static func serve(_ memory: UpstreamMemory, _ body: (String) async throws -> Void) async throws {
    let server = UpstreamServer(memory: memory)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await server.run() }
      try await body("http://127.0.0.1:\(try await server.boundPort())")
      await server.stop()
      try await group.waitForAll()
    }
  }

  private static func send(
    _ method: HTTPMethod, _ url: String, body: String = "", fields: [String: String] = [:]
  ) async throws -> (status: Int, body: String) {
    var request = HTTPClientRequest(url: url)
    request.method = method
    request.headers = HTTPHeaders(fields.map { ($0.key, $0.value) })
    request.body = .bytes(ByteBuffer(string: body))
    let response = try await HTTPClient.shared.execute(request, timeout: .seconds(120))
    return (Int(response.status.code), String(buffer: try await response.body.collect(upTo: 1 << 20)))
  }
}
