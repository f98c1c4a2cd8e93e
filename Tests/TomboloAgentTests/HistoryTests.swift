import Foundation
import NIOHTTP1
import Testing
import TomboloAgent
import TomboloPorts
import TomboloQueue
import TomboloTesting

@Suite("/v1/history, /v1/pauses, /v1/line")
struct HistoryTests {
  private static func kept(_ change: (inout QueueConfiguration) -> Void = { _ in }) -> QueueConfiguration {
    var settings = QueueConfiguration()
    settings.historyRetention = .seconds(3_600)
    change(&settings)
    return settings
  }

  @Test("What is gone is told with how it ended, the newest first, and page by page")
  func history() async throws {
    try await AgentWorld.run(queue: Self.kept()) { world in
      let first = try await world.enqueue(#"{"kind":"k"}"#)
      let unwanted = try await world.enqueue(#"{"kind":"l"}"#)
      #expect(try await world.send(.DELETE, "/v1/operations/\(unwanted)?reason=too%20late").status == 200)
      let last = try await world.enqueue(#"{"kind":"k"}"#)
      try await world.worker.drain()
      let answer = try await world.send(.GET, "/v1/history?limit=2")
      let page = try answer.decoded(WireHistoryPage.self)
      #expect(page.operations.map(\.id) == [last, unwanted])
      #expect(page.operations.map(\.state) == ["delivered", "discarded"])
      #expect(page.operations.last?.detail == "too late")
      let rest = try await world.send(.GET, "/v1/history?limit=2&cursor=\(try #require(page.cursor))")
        .decoded(WireHistoryPage.self)
      #expect(rest.operations.map(\.id) == [first] && rest.cursor == nil)
      let discarded = try await world.send(.GET, "/v1/history?state=discarded&kind=l").decoded(WireHistoryPage.self)
      #expect(discarded.operations.map(\.id) == [unwanted])

      let one = try await world.send(.GET, "/v1/history/\(first)")
      #expect(
        one.body == #"""
          {"attempts":1,"detail":null,"endedAt":"\#(world.time.now)","enqueuedAt":"\#(world.time.now)","id":"\#(first)",\#
          "kind":"k","state":"delivered","supersededBy":null}
          """#)
    }
  }

  @Test(
    "What cannot be asked is refused and says what can",
    arguments: [
      ("/v1/history?state=pending", 400, "give one of delivered, discarded, expired, superseded"),
      ("/v1/history?limit=0", 400, "limit must be a whole number from 1 to 1000"),
      ("/v1/history?sate=x", 400, "did you mean state?"),
      ("/v1/operations?state=delivered", 400, "ask GET /v1/history?state=delivered"),
      ("/v1/history/00000000-0000-0001-0000-000000000002", 404, "set queue.history"),
      ("/v1/history/nonsense", 400, "id is no operation's"), ("/v1/line", 400, "orderingKey is missing"),
    ])
  func refused(path: String, status: Int, detail: String) async throws {
    try await AgentWorld.run { world in
      let answer = try await world.send(.GET, path)
      #expect(answer.status == status)
      #expect(try answer.decoded(WireProblem.self).detail.contains(detail), "\(answer.body)")
    }
  }

  @Test("A kind, a key and the queue are paused and go on, and an operation says that it waits for that")
  func pauses() async throws {
    try await AgentWorld.run { world in
      let id = try await world.enqueue(#"{"kind":"k","orderingKey":"o"}"#)
      let paused = try await world.send(.PUT, "/v1/pauses", #"{"kind":"k","reason":"a bad release"}"#)
      let pauses = try paused.decoded(WirePauses.self).pauses
      #expect(pauses.map(\.kind) == ["k"] && pauses.map(\.reason) == ["a bad release"])
      try await world.worker.drain()
      #expect(try await world.show(id).waitingReason?.contains("a bad release") == true)
      _ = try await world.send(.PUT, "/v1/pauses", #"{"orderingKey":"o"}"#)
      _ = try await world.send(.PUT, "/v1/pauses", "{}")
      #expect(Set(world.queue.pauses.map(\.scope)) == [.queue, .kind("k"), .orderingKey("o")])
      for query in ["", "?kind=k", "?orderingKey=o"] {
        #expect(try await world.send(.DELETE, "/v1/pauses\(query)").status == 200)
      }
      #expect(try await world.send(.GET, "/v1/pauses").body == #"{"pauses":[]}"#)
      #expect(try await world.worker.drain().delivered == 1)
    }
  }

  @Test(
    "A pause that names too much, too little or something unknown is refused",
    arguments: [
      (#"{"kind":"k","orderingKey":"o"}"#, "conflictingFields"), (#"{"namespace":"n"}"#, "missingField"),
      (#"{"kind":"k","namespace":"n"}"#, "conflictingFields"), (#"{"kind":""}"#, "invalidField"),
      (#"{"kind":7}"#, "invalidField"), (#"{"kinds":"k"}"#, "unknownField"),
      (#"{"kind":"k","kind":"l"}"#, "duplicateField"), ("[]", "malformedJSON"), (#"{"kind":"\u0001"}"#, "invalidField"),
    ])
  func badPause(body: String, code: String) async throws {
    try await AgentWorld.run { world in
      let answer = try await world.send(.PUT, "/v1/pauses", body)
      #expect(answer.status == 400)
      #expect(try answer.decoded(WireProblem.self).code == code, "\(answer.body)")
      #expect(world.queue.pauses.isEmpty)
    }
  }

  @Test("The line of an ordering key says how much waits and what is first")
  func line() async throws {
    try await AgentWorld.run { world in
      let first = try await world.enqueue(#"{"kind":"k","orderingKey":"user/7 & co"}"#)
      _ = try await world.enqueue(#"{"kind":"l","orderingKey":"user/7 & co"}"#)
      let path = "/v1/line?orderingKey=user%2F7%20%26%20co"
      let line = try await world.send(.GET, path).decoded(WireLine.self)
      #expect(line.count == 2 && line.head?.id == first && line.orderingKey == "user/7 & co")
      try await world.worker.drain()
      #expect(
        try await world.send(.GET, path).body
          == #"{"count":0,"head":null,"namespace":null,"orderingKey":"user/7 & co"}"#)
    }
  }

  @Test("A dead operation gets another payload and is delivered with it")
  func edit() async throws {
    let handler = RecordingHandler { operation in
      operation.payload == Array("2.0".utf8) ? .delivered : .reject(DeliveryFailure(.refused, "no"))
    }
    try await AgentWorld.run(handler: handler) { world in
      let id = try await world.enqueue(#"{"kind":"k","payload":1}"#)
      #expect(try await world.send(.PUT, "/v1/operations/\(id)/payload", "2").status == 409)
      try await world.worker.drain()
      #expect(try await world.send(.PUT, "/v1/operations/\(id)/payload", "{").status == 400)
      for version in ["x", "0", "-1"] {
        #expect(try await world.send(.PUT, "/v1/operations/\(id)/payload?version=\(version)", "2").status == 400)
      }
      let edited = try await world.send(.PUT, "/v1/operations/\(id)/payload?version=3", "2.0")
      #expect(edited.status == 200 && edited.body.contains(#""payload":2.0"#) && edited.body.contains(#""version":3"#))
      #expect(try await world.send(.POST, "/v1/operations/\(id)/retry").status == 200)
      #expect(try await world.worker.drain().delivered == 1)
    }
  }
}
