import ExampleUpstream
import HTTPDelivery
import Testing
import TomboloPorts
import TomboloTesting

@Suite("HTTPDelivery: requests")
struct HTTPDeliveryRequestTests {
  @Test("An operation is posted to its kind, with the fields that name it and the payload as body")
  func standardRequest() async throws {
    try await DeliveryHarness.run { harness in
      let operation = SyncOperation.sample(orderingKey: "user/Jürgen", idempotencyKey: "k-1")
      let outcome = try await harness.deliver(operation, attempt: 3)
      #expect(outcome.label == "delivered")
      let received = try #require(harness.memory.received().first)
      #expect(received.method == "POST")
      #expect(received.kind == "orders.place")
      #expect(received.idempotencyKey == "k-1")
      #expect(received.operationID == operation.id.description)
      #expect(received.attempt == 3)
      #expect(received.orderingKey == "user/Jürgen")
      #expect(received.priority == "high")
      #expect(received.body == #"{"amount":42}"#)
      #expect(received.header("Content-Type") == "application/octet-stream")
      #expect(received.header("If-Match") == nil)
    }
  }

  @Test("Every attempt is a span of the operation's own trace, unless the operation brings a trace")
  func traceParent() async throws {
    try await DeliveryHarness.run { harness in
      // The upstream notes what it did not know: another key for each attempt of one operation.
      for attempt in 1...2 { _ = try await harness.deliver(.sample(idempotencyKey: "\(attempt)"), attempt: attempt) }
      var traced = SyncOperation.sample(idempotencyKey: "brought")
      let brought = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
      traced.headers = [OperationHeader(name: "traceparent", value: brought)]
      _ = try await harness.deliver(traced)

      let fields = harness.memory.received().compactMap { $0.header("traceparent") }
      let form = #/00-[0-9a-f]{32}-[0-9a-f]{16}-00/#
      let own = fields.prefix(2)
      #expect(own.count == 2)
      for field in own { #expect(field.wholeMatch(of: form) != nil, "\(field)") }
      #expect(Set(own.map { $0.prefix(35) }).count == 1)
      #expect(Set(own).count == 2)
      #expect(fields.last == brought)
    }
  }

  @Test("An empty payload is delivered as an empty body")
  func emptyPayload() async throws {
    try await DeliveryHarness.run { harness in
      let outcome = try await harness.deliver(.sample(payload: ""))
      #expect(outcome.label == "delivered")
      #expect(harness.memory.received().first?.byteCount == 0)
    }
  }

  @Test("After a conflict that was resolved for the local version, the request names the version it replaces")
  func ifMatch() async throws {
    try await DeliveryHarness.run { harness in
      let attempt = DeliveryAttempt(number: 2, replacing: RemoteVersion(tag: #""v7""#, detail: ""))
      _ = try await harness.delivery.deliver(.sample(), attempt: attempt)
      #expect(harness.memory.received().first?.header("If-Match") == #""v7""#)
    }
  }

  @Test(
    "The operation's own headers travel along, but not in place of those of the delivery, the client or the operator")
  func ownHeaders() async throws {
    let headers = [
      ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), ("Content-Type", "application/json"),
      ("idempotency-key", "forged"), ("Tombolo-Attempt", "99"), ("Host", "forged.example"), ("content-length", "1"),
      ("Transfer-Encoding", "chunked"), ("Connection", "close"), ("Authorization", "Bearer forged"),
      ("X-Tenant", "forged"), ("X-Own", "yes"),
    ].map { OperationHeader(name: $0.0, value: $0.1) }
    try await DeliveryHarness.run(configure: {
      $0.bearerToken = "s3cret"
      $0.headers = [
        OperationHeader(name: "x-tenant", value: "blue"), OperationHeader(name: "content-type", value: "text/plain"),
      ]
    }) { harness in
      let outcome = try await harness.deliver(.sample(idempotencyKey: "k-1", headers: headers))
      #expect(outcome.label == "delivered")
      let received = try #require(harness.memory.received().first)
      #expect(received.header("traceparent") == headers[0].value)
      #expect(received.header("Content-Type") == "application/json")
      #expect(received.header("X-Own") == "yes")
      #expect(received.header("X-Tenant") == "blue")
      #expect(received.header("Authorization") == "Bearer s3cret")
      #expect(received.idempotencyKey == "k-1")
      #expect(received.attempt == 1)
      #expect(received.byteCount == 13)
      #expect(!received.headers.contains { $0.value.contains("forged") })
    }
  }

  @Test(
    "What would break out of a header field is refused before anything is sent",
    arguments: [
      SyncOperation.sample(orderingKey: "a\r\nX-Forged: 1"), .sample(orderingKey: "a\u{0}"), .sample(orderingKey: " a"),
      .sample(idempotencyKey: "a\nb"), .sample(idempotencyKey: "a\r"), .sample(idempotencyKey: "a\t"),
      .sample(headers: [OperationHeader(name: "X-A", value: "1\r\nX-Forged: 1")]),
      .sample(headers: [OperationHeader(name: "X-A: 1\r\nX-Forged", value: "1")]),
      .sample(headers: [OperationHeader(name: "", value: "1")]),
      .sample(headers: [OperationHeader(name: "X A", value: "1")]),
    ])
  func injection(operation: SyncOperation) async throws {
    try await DeliveryHarness.run { harness in
      let outcome = try await harness.deliver(operation)
      #expect(outcome.label == "reject refused")
      #expect(outcome.message.hasPrefix("not sent: "))
      #expect(!outcome.message.contains("Forged"))
      #expect(harness.memory.summary.requests == 0)
    }
  }

  @Test("The first route that matches a kind says where it goes, and how")
  func routes() async throws {
    try await DeliveryHarness.run(configure: {
      $0.baseURL += "/v2/"
      $0.routes = [
        HTTPRoute(kind: "preferences.reset", method: .delete, path: "/prefs"),
        HTTPRoute(kind: "preferences.*", method: .put, path: "/prefs/{kind}?from={kind}"),
        HTTPRoute(kind: "notes.edit", method: .patch, path: "/notes"),
      ]
    }) { harness in
      for kind in ["preferences.reset", "preferences.setCurrency", "notes.edit", "notes.editor"] {
        let outcome = try await harness.deliver(.sample(kind: kind, idempotencyKey: kind))
        #expect(outcome.label == "delivered")
      }
      #expect(
        harness.memory.received().map { "\($0.method) \($0.kind)" } == [
          "DELETE v2/prefs", "PUT v2/prefs/preferences.setCurrency", "PATCH v2/notes", "POST v2/notes.editor",
        ])
    }
  }

  @Test(
    "A kind stays one segment of the path, whatever is in it",
    arguments: ["../admin", "..", "a/b?c=d#e", "a b", "größe", "a%2Fb", "{kind}", "a\r\nb"])
  func oddKinds(kind: String) async throws {
    try await DeliveryHarness.run { harness in
      let outcome = try await harness.deliver(.sample(kind: kind))
      #expect(outcome.label == "delivered")
      #expect(harness.memory.received().first?.kind == kind)
    }
    #expect(!HTTPRoute.standard.path(for: kind).dropFirst().contains("/"))
  }
}
