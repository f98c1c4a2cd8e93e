import Foundation
import NIOHTTP1
import Testing
import TomboloAgent
import TomboloPorts
import TomboloQueue
import TomboloTesting

@Suite("/v1/operations")
struct OperationsTests {
  @Test("An operation is shown with everything there is to say about it")
  func show() async throws {
    try await AgentWorld.run { world in
      let first = try await world.enqueue(#"{"kind":"k","orderingKey":"o","payload":{"a":1}}"#)
      let second = try await world.enqueue(
        #"{"kind":"l","orderingKey":"o","priority":"low","expiresAt":"2030-01-01T00:00:00Z","headers":{"A":"b"}}"#)
      let answer = try await world.send(.GET, "/v1/operations/\(second)")
      #expect(
        answer.body == #"""
          {"attempts":0,"behind":"\#(first)","coalescingKey":null,"enqueuedAt":"\#(world.time.now)",\#
          "expiresAt":"2030-01-01T00:00:00.000Z","headers":{"A":"b"},"id":"\#(second)",\#
          "idempotencyKey":"\#(second)","kind":"l","lastError":null,"nextDueAt":null,"notBefore":null,\#
          "orderingKey":"o","payloadBase64":"","payloadBytes":0,"priority":"low","state":"blocked","version":1,\#
          "waitingReason":"it is behind operation \#(first) of its ordering key"}
          """#)
      #expect(answer.fields.first(name: "Cache-Control") == "no-store")
      #expect(try await world.show(first).payload == .object(["a": .number(1)]))
    }
  }

  @Test("What failed is shown with its last error, and why it waits")
  func failed() async throws {
    let handler = RecordingHandler { _ in .retry(after: nil, DeliveryFailure(.upstreamFailed, "503 from upstream")) }
    var settings = QueueConfiguration()
    settings.attemptsMaximum = 1
    try await AgentWorld.run(queue: settings, handler: handler) { world in
      let id = try await world.enqueue(#"{"kind":"k"}"#)
      try await world.worker.drain()
      let operation = try await world.show(id)
      #expect(operation.state == "deadLettered" && operation.attempts == 1)
      #expect(operation.lastError?.code == "attemptsExhausted")
      #expect(operation.lastError?.message.hasSuffix("503 from upstream") == true)
      #expect(operation.lastError?.at == WireTimestamp(world.time.now))
      #expect(operation.waitingReason?.hasPrefix("it waits for a person") == true)
    }
  }

  @Test("A waiting operation says what the worker knows: that the network is away")
  func waitingReason() async throws {
    try await AgentWorld.run { world in
      let id = try await world.enqueue(#"{"kind":"k"}"#)
      #expect(try await world.send(.PUT, "/v1/network", #"{"override":"offline"}"#).status == 200)
      try await world.worker.drain()
      #expect(try await world.show(id).waitingReason?.hasPrefix("the network is offline since ") == true)
    }
  }

  @Test("A listing is paged by cursor, oldest first, and leaves payloads out")
  func paging() async throws {
    try await AgentWorld.run { world in
      var ids: [String] = []
      for number in 0..<7 { ids.append(try await world.enqueue(#"{"kind":"k","payload":\#(number)}"#)) }
      var seen: [String] = []
      var sizes: [Int] = []
      var cursor: String?
      repeat {
        let path = "/v1/operations?limit=3" + (cursor.map { "&cursor=\($0)" } ?? "")
        let answer = try await world.send(.GET, path)
        #expect(!answer.body.contains(#""payload""#) && answer.body.contains(#""cursor":"#))
        let page = try answer.decoded(WireOperationPage.self)
        seen += page.operations.map(\.id)
        sizes.append(page.operations.count)
        cursor = page.cursor
      } while cursor != nil
      #expect(seen == ids)
      #expect(sizes == [3, 3, 1])
    }
  }

  @Test("A listing is narrowed by state, kind and ordering key, and empty parameters count as not given")
  func filters() async throws {
    try await AgentWorld.run { world in
      let first = try await world.enqueue(#"{"kind":"a b","orderingKey":"o/1"}"#)
      let second = try await world.enqueue(#"{"kind":"c","orderingKey":"o/1"}"#)
      let third = try await world.enqueue(#"{"kind":"c"}"#)
      let expected = [
        "kind=a+b": [first], "kind=a%20b": [first], "kind=c": [second, third], "state=blocked": [second],
        "state=pending": [first, third], "orderingKey=o%2F1": [first, second],
        "orderingKey=o/1&state=blocked&kind=c": [second], "state=parked": [],
        "state=&kind=&orderingKey=&limit=&cursor=":
          [first, second, third],
      ]
      for (query, ids) in expected {
        let page = try await world.send(.GET, "/v1/operations?\(query)").decoded(WireOperationPage.self)
        #expect(page.operations.map(\.id) == ids, "\(query)")
      }
    }
  }

  @Test(
    "A query that cannot be meant so is refused, and the parameter named",
    arguments: [
      ("state=dead", "state", "give one of pending, delivering, retrying, blocked, parked, deadLettered"),
      ("state=delivered", "state", "ask GET /v1/history"), ("limit=0", "limit", "from 1 to 1000"),
      ("limit=1001", "limit", "from 1 to 1000"), ("limit=ten", "limit", "from 1 to 1000"),
      ("cursor=7", "cursor", "cursor is none"), ("stat=pending", "stat", "did you mean state?"),
      ("kind=a&kind=b", "kind", "given twice"), ("kind=%zz", "kind", "percent-encoded"),
    ])
  func queries(query: String, field: String, detail: String) async throws {
    try await AgentWorld.run { world in
      // Not sent through URL parsers, some of which repair it.
      let answer = try await world.sendRaw("GET /v1/operations?\(query) HTTP/1.1")
      #expect(answer.hasPrefix("HTTP/1.1 400 "))
      #expect(answer.contains(#""code":"invalidParameter""#) && answer.contains(#""field":"\#(field)""#))
      #expect(answer.contains(detail))
    }
  }

  @Test("A dead operation is put back in line by hand")
  func retry() async throws {
    let handler = RecordingHandler { _ in .reject(DeliveryFailure(.refused, "no")) }
    try await AgentWorld.run(handler: handler) { world in
      let id = try await world.enqueue(#"{"kind":"k"}"#)
      try await world.worker.drain()
      #expect(try await world.show(id).state == "deadLettered")
      let answer = try await world.send(.POST, "/v1/operations/\(id)/retry")
      #expect(answer.status == 200)
      #expect(try answer.decoded() == WireReceipt.pending(id))
      #expect(try await world.show(id).state == "pending")
    }
  }

  @Test("A conflict is shown with both versions, and settled by hand", arguments: ["local", "remote", "merged"])
  func conflict(resolution: String) async throws {
    let handler = RecordingHandler { _ in
      .conflict(RemoteVersion(tag: "v2", payload: Array(#"{"a":2}"#.utf8), detail: "412"))
    }
    try await AgentWorld.run(handler: handler) { world in
      let id = try await world.enqueue(#"{"kind":"k","payload":{"a":1}}"#)
      try await world.worker.drain()
      let conflict = try #require(try await world.show(id).conflict)
      #expect(conflict.tag == "v2" && conflict.detail == "412")
      #expect(conflict.differences?.map(\.path) == ["a"])
      #expect(conflict.differences?.first?.local == "1" && conflict.differences?.first?.remote == "2")
      let path = "/v1/operations/\(id)/retry?resolution="
      #expect(try await world.send(.POST, path + "mine").status == 400)
      let answer = try await world.send(.POST, path + resolution, resolution == "merged" ? #"{"a":3}"# : nil)
      #expect(answer.status == 200)
      let isGone = resolution == "remote"
      #expect(answer.body == #"{"id":"\#(id)","state":"\#(isGone ? "discarded" : "pending")"}"#)
      if let snapshot = try await world.queue.snapshot(try #require(OperationID(id))) {
        #expect(!isGone && snapshot.conflict == nil)
        #expect(snapshot.operation.payload == Array((resolution == "merged" ? #"{"a":3}"# : #"{"a":1}"#).utf8))
      } else {
        #expect(isGone)
      }
    }
  }

  @Test("An operation is discarded by hand, and the reason is told")
  func discard() async throws {
    try await AgentWorld.run { world in
      let id = try await world.enqueue(#"{"kind":"k"}"#)
      var events = world.queue.events().makeAsyncIterator()
      let answer = try await world.send(.DELETE, "/v1/operations/\(id)?reason=wrong%20customer")
      #expect(answer.status == 200)
      #expect(answer.body == #"{"id":"\#(id)","state":"discarded"}"#)
      #expect(await events.next()?.change == .discarded(reason: "wrong customer"))
      #expect(try await world.send(.GET, "/v1/operations/\(id)").status == 404)
      #expect(try await world.send(.DELETE, "/v1/operations/\(id)?cause=x").problem().field == "cause")
    }
  }

  static let unknown = "01a2b3c4-0000-7000-8000-000000000000"

  @Test(
    "An operation that is not there, an identifier that is none, and paths and methods that are not there",
    arguments: [
      (HTTPMethod.GET, "/v1/operations/\(unknown)", 404, "notFound"),
      (.POST, "/v1/operations/\(unknown)/retry", 404, "notFound"),
      (.DELETE, "/v1/operations/\(unknown)", 404, "notFound"), (.GET, "/v1/operations/7", 400, "malformedID"),
      (.DELETE, "/v1/operations/x", 400, "malformedID"), (.POST, "/v1/operations/x/retry", 400, "malformedID"),
      (.GET, "/", 404, "unknownPath"), (.GET, "/v1/operations/", 404, "unknownPath"),
      (.GET, "/v1/operations/\(unknown)/now", 404, "unknownPath"), (.GET, "/v2/status", 404, "unknownPath"),
      (.PUT, "/v1/operations", 405, "methodNotAllowed"), (.PATCH, "/v1/operations/\(unknown)", 405, "methodNotAllowed"),
      (.GET, "/v1/operations/\(unknown)/retry", 405, "methodNotAllowed"),
      (.POST, "/v1/status", 405, "methodNotAllowed"),
      (.OPTIONS, "/v1/network", 405, "methodNotAllowed"), (.DELETE, "/healthz", 405, "methodNotAllowed"),
    ])
  func missing(method: HTTPMethod, path: String, status: Int, code: String) async throws {
    try await AgentWorld.run { world in
      let answer = try await world.send(method, path)
      #expect(answer.status == status)
      #expect(try answer.problem().code == code)
      #expect(answer.fields["Allow"].isEmpty == (status != 405))
    }
  }

  @Test("The answer to a wrong method says which are right")
  func allow() async throws {
    try await AgentWorld.run { world in
      let allowed = [
        "/v1/operations": "GET, POST, HEAD", "/v1/operations/\(Self.unknown)": "GET, DELETE, HEAD",
        "/v1/operations/\(Self.unknown)/retry": "POST", "/v1/network": "GET, PUT, HEAD",
      ]
      for (path, methods) in allowed {
        let answer = try await world.send(.PATCH, path)
        #expect(answer.fields.first(name: "Allow") == methods)
      }
    }
  }

  @Test("An operation that is being delivered can be neither retried nor discarded")
  func delivering() async throws {
    let (ends, end) = AsyncStream.makeStream(of: Void.self)
    let handler = RecordingHandler { _ in
      for await _ in ends { break }
      return .delivered
    }
    try await AgentWorld.run(handler: handler) { world in
      let id = try await world.enqueue(#"{"kind":"k"}"#)
      async let summary = world.worker.drain()
      for await _ in handler.delivered { break }
      let shown = try await world.show(id)
      #expect(shown.state == "delivering" && shown.waitingReason == "it is being delivered right now")
      for (method, path) in [(HTTPMethod.POST, "/v1/operations/\(id)/retry"), (.DELETE, "/v1/operations/\(id)")] {
        let answer = try await world.send(method, path)
        #expect(answer.status == 409)
        let code = try answer.problem().code
        #expect(code == "delivering")
      }
      end.finish()
      let delivered = try await summary.delivered
      #expect(delivered == 1)
      let gone = try await world.send(.GET, "/v1/operations/\(id)").status
      #expect(gone == 404)
    }
  }

  @Test("HEAD answers like GET, without the body")
  func head() async throws {
    try await AgentWorld.run { world in
      let full = try await world.send(.GET, "/v1/operations")
      let head = try await world.send(.HEAD, "/v1/operations")
      #expect(head.status == 200 && head.body.isEmpty)
      #expect(head.fields.first(name: "Content-Length") == "\(full.body.utf8.count)")
    }
  }
}

extension WireReceipt {
  static func pending(_ id: String) throws -> WireReceipt {
    try AgentAnswer(status: 200, fields: [:], body: #"{"id":"\#(id)","state":"pending"}"#).decoded()
  }
}
