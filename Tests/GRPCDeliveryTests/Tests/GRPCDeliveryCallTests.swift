import GRPCCore
import GRPCDelivery
import GRPCUpstream
import Testing
import TomboloPorts
import TomboloTesting

@Suite("GRPCDelivery: what a call carries")
struct GRPCDeliveryCallTests {
  @Test("Without a route an operation goes to OperationDelivery/Deliver, whole")
  func envelope() async throws {
    try await DeliveryHarness.run { harness in
      let operation = SyncOperation.sample(
        orderingKey: "user/7", idempotencyKey: "key-1", headers: [OperationHeader(name: "X-Tenant", value: "blue")])
      let outcome = try await harness.deliver(operation, attempt: 2, replacing: RemoteVersion(tag: "v8", detail: ""))
      #expect(outcome.label == "delivered")
      let call = try #require(harness.service.received.first)
      #expect(call.method == "tombolo.delivery.v1.OperationDelivery/Deliver")
      let request = try #require(call.request)
      #expect(request.operationID == operation.id.description)
      #expect(request.kind == "orders.place")
      #expect(request.kindVersion == 3)
      #expect(Array(request.payload) == operation.payload)
      #expect(request.idempotencyKey == "key-1")
      #expect(request.orderingKey == "user/7")
      #expect(request.priority == "high")
      #expect(request.attempt == 2)
      #expect(request.enqueuedAtMilliseconds == 784_111_777_000)
      #expect(request.headers.map(\.name) == ["X-Tenant"])
      #expect(request.headers.map(\.value) == ["blue"])
      #expect(request.replacingTag == "v8")
    }
  }

  @Test("A route takes the payload, byte for byte, to a method of any service")
  func raw() async throws {
    try await DeliveryHarness.run {
      $0.routes = [GRPCRoute(kind: "notes.*", method: "notes.v1.Notes/Put")]
    } body: { harness in
      var operation = SyncOperation.sample(kind: "notes.put")
      operation.payload = [0x08, 0x96, 0x01, 0x00, 0xFF]
      #expect(try await harness.deliver(operation).label == "delivered")
      let call = try #require(harness.service.received.first)
      #expect(call.method == "notes.v1.Notes/Put")
      #expect(call.bytes == operation.payload)
    }
  }

  @Test("Metadata carries the keys, the attempt, a trace and the operation's own headers")
  func metadata() async throws {
    try await DeliveryHarness.run {
      $0.bearerToken = "t0ken"
      $0.headers = [OperationHeader(name: "X-Region", value: "north")]
    } body: { harness in
      let operation = SyncOperation.sample(
        orderingKey: "user/7", idempotencyKey: "key-1",
        headers: [
          OperationHeader(name: "X-Tenant", value: "blue"),
          // Neither may take the place of what the delivery, or its operator, says.
          OperationHeader(name: "Idempotency-Key", value: "forged"), OperationHeader(name: "x-region", value: "south"),
          OperationHeader(name: "grpc-timeout", value: "1n"),
        ])
      _ = try await harness.deliver(operation, attempt: 5, replacing: RemoteVersion(tag: "v8", detail: ""))
      let call = try #require(harness.service.received.first)
      #expect(Array(call.metadata[stringValues: "idempotency-key"]) == ["key-1"])
      #expect(call.text("tombolo-operation-id") == operation.id.description)
      #expect(call.text("tombolo-attempt") == "5")
      #expect(call.text("tombolo-kind") == "orders.place")
      #expect(call.text("tombolo-ordering-key") == "user/7")
      #expect(call.text("tombolo-priority") == "high")
      #expect(call.text("if-match") == "v8")
      #expect(call.text("x-tenant") == "blue")
      #expect(Array(call.metadata[stringValues: "x-region"]) == ["north"])
      #expect(call.text("authorization") == "Bearer t0ken")
      #expect(call.text("grpc-timeout") != "1n")
      let trace = try #require(call.text("traceparent"))
      #expect(trace.wholeMatch(of: #/00-[0-9a-f]{32}-[0-9a-f]{16}-00/#) != nil)
    }
  }

  @Test("A key that is no ASCII arrives unchanged, as bytes")
  func binaryKeys() async throws {
    try await DeliveryHarness.run { harness in
      let operation = SyncOperation.sample(
        orderingKey: "Käse\nbrot", idempotencyKey: " padded ",
        headers: [OperationHeader(name: "x-name", value: "Grüße")])
      #expect(try await harness.deliver(operation).label == "delivered")
      let call = try #require(harness.service.received.first)
      #expect(call.bytes("tombolo-ordering-key-bin") == Array("Käse\nbrot".utf8))
      #expect(call.bytes("idempotency-key-bin") == Array(" padded ".utf8))
      #expect(call.bytes("x-name-bin") == Array("Grüße".utf8))
      #expect(call.text("tombolo-ordering-key") == nil)
      #expect(call.request?.orderingKey == "Käse\nbrot")
    }
  }

  @Test("A header whose name gRPC does not allow is refused without a call")
  func badHeaderName() async throws {
    try await DeliveryHarness.run { harness in
      let outcome = try await harness.deliver(.sample(headers: [OperationHeader(name: "a b\r\nc", value: "s3cret")]))
      #expect(outcome.label == "reject refused")
      #expect(outcome.message.contains("header 1"))
      #expect(!outcome.message.contains("s3cret"))
      #expect(harness.service.received.isEmpty)
    }
  }

  @Test("A large payload is delivered")
  func largePayload() async throws {
    try await DeliveryHarness.run { harness in
      let outcome = try await harness.deliver(.sample(payload: String(repeating: "x", count: 3 << 20)))
      #expect(outcome.label == "delivered")
      #expect(harness.service.received.first?.request?.payload.count == 3 << 20)
    }
  }

  @Test("The name of the upstream is its base URL, so that it is suspended as a whole")
  func upstream() throws {
    let delivery = try GRPCDelivery(GRPCDeliveryConfiguration(baseURL: "http://LOCALHOST:50051"))
    #expect(delivery.upstream == "http://localhost:50051")
  }
}
