import Foundation
import NIOHTTP1
import Testing
import TomboloAgent
import TomboloPorts
import TomboloQueue

@Suite("POST /v1/operations")
struct EnqueueTests {
  @Test("An operation is answered with 202 and its identifier, and is stored with every field")
  func single() async throws {
    try await AgentWorld.run { world in
      let answer = try await world.send(
        .POST, "/v1/operations",
        #"""
        {"kind": "orders.create", "version": 3, "orderingKey": "user/7", "priority": "critical",
         "payload": {"total": 5}, "idempotencyKey": "k-1", "coalescingKey": "cart",
         "notBefore": "2026-11-21T11:42:07.25+01:00", "expiresAt": "2027-01-01T00:00:00Z",
         "headers": {"X-Trace": "a", "x-other": "b"}}
        """#)
      #expect(answer.status == 202)
      #expect(answer.fields.first(name: "Content-Type") == "application/json")
      let receipt = try answer.decoded(WireReceipt.self)
      #expect(receipt.state == "pending" && receipt.repeated == nil)

      let id = try #require(OperationID(receipt.id))
      let stored = try #require(try await world.queue.snapshot(id)).operation
      #expect(stored.kind == "orders.create" && stored.version == 3 && stored.priority == .critical)
      #expect(stored.orderingKey == "user/7" && stored.idempotencyKey == "k-1" && stored.coalescingKey == "cart")
      #expect(stored.notBefore?.description == "2026-11-21T10:42:07.250Z")
      #expect(stored.expiresAt?.description == "2027-01-01T00:00:00.000Z")
      #expect(
        stored.headers == [
          OperationHeader(name: "X-Trace", value: "a"), OperationHeader(name: "x-other", value: "b"),
          OperationHeader(name: "Content-Type", value: "application/json"),
        ])
      #expect(String(decoding: stored.payload, as: UTF8.self) == #"{"total": 5}"#)
    }
  }

  @Test("What it waits for, whose it is, what is asked for when another waits, and its base are stored, too")
  func further() async throws {
    var settings = QueueConfiguration()
    settings.activeNamespaces = ["n"]
    try await AgentWorld.run(queue: settings) { world in
      let first = try await world.enqueue(#"{"kind":"k"}"#)
      let answer = try await world.send(
        .POST, "/v1/operations",
        #"""
        {"operations": [{"kind": "a"},
          {"kind": "b", "after": ["\#(first)", 0], "namespace": "n", "base": {"x": 1.0}, "coalescingKey": "c",
           "uniqueness": "keep"}], "durability": "none"}
        """#)
      #expect(answer.status == 202, "\(answer.body)")
      let ids = try answer.decoded(WireReceipts.self).operations.map(\.id)
      let stored = try #require(try await world.stored(ids[1]))
      #expect(stored.operation.after.map(\.description) == [first, ids[0]])
      #expect(stored.operation.namespace == "n" && stored.state == .blocked)
      #expect(stored.operation.base.map { String(decoding: $0, as: UTF8.self) } == #"{"x": 1.0}"#)
      let shown = try await world.show(ids[1])
      #expect(shown.awaiting == [first, ids[0]] && shown.namespace == "n")
      let kept = try await world.send(
        .POST, "/v1/operations", #"{"kind":"b","namespace":"n","coalescingKey":"c","uniqueness":"keep"}"#)
      #expect(try kept.decoded(WireReceipt.self).id == ids[1])
      #expect(kept.body.contains(#""kept":true"#))
      #expect(
        try await world.send(.GET, "/v1/operations?namespace=n").decoded(WireOperationPage.self).operations.count == 1)
    }
  }

  @Test("What had to go so that there was room is named in the answer")
  func dropped() async throws {
    var settings = QueueConfiguration()
    (settings.operationsMaximum, settings.limitPolicy) = (1, .dropLowest)
    try await AgentWorld.run(queue: settings) { world in
      let low = try await world.enqueue(#"{"kind":"k","priority":"low"}"#)
      let answer = try await world.send(.POST, "/v1/operations", #"{"kind":"k","priority":"high"}"#)
      #expect(try answer.decoded(WireReceipt.self).dropped == [low])
    }
  }

  @Test("More durability than the store has is refused by name, and so is a level that is none")
  func durability() async throws {
    try await AgentWorld.run { world in
      for level in ["full", "fulll"] {
        let answer = try await world.send(.POST, "/v1/operations", #"{"kind":"k","durability":"\#(level)"}"#)
        #expect(answer.status == 400)
        let problem = try answer.decoded(WireProblem.self)
        #expect(problem.code == "invalidField" && problem.field == "durability", "\(answer.body)")
      }
      #expect(try await world.queue.status().pending == 0)
    }
  }

  @Test("The trace of whoever asks goes with each operation that names none itself")
  func trace() async throws {
    try await AgentWorld.run { world in
      let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
      let answer = try await world.send(
        .POST, "/v1/operations",
        #"{"operations":[{"kind":"k"},{"kind":"k","headers":{"Traceparent":"00-own"}}]}"#,
        fields: ["traceparent": parent, "tracestate": "a=b"])
      let ids = try answer.decoded(WireReceipts.self).operations.map(\.id)
      #expect(
        try await world.stored(ids[0])?.operation.headers == [
          OperationHeader(name: "traceparent", value: parent), OperationHeader(name: "tracestate", value: "a=b"),
        ])
      #expect(
        try await world.stored(ids[1])?.operation.headers == [OperationHeader(name: "Traceparent", value: "00-own")])
    }
  }

  @Test(
    "A JSON payload is kept byte for byte: digits, order of keys, escapes and spaces",
    arguments: [
      "12345678901234567890", "1.10", "-0.0", "1E+2", "null", "true", #""""#, "[ ]", "{}",
      #"{"z":1,"a":[1.10, 12345678901234567890],"a":"\u00e9\/é😀\ud83d\ude00"}"#, "[[[1 , 2]],\t3]",
    ])
  func payloadBytes(payload: String) async throws {
    try await AgentWorld.run { world in
      let id = try await world.enqueue(#"{"payload" : \#(payload) ,"kind":"k"}"#)
      let stored = try await world.stored(id)
      #expect(stored.map { String(decoding: $0.operation.payload, as: UTF8.self) } == payload)
      // And they come back as they are.
      let shown = try await world.send(.GET, "/v1/operations/\(id)")
      #expect(shown.body.hasSuffix(#","payload":\#(payload)}"#))
    }
  }

  @Test(
    "What the payload was before the change is kept byte for byte, and shown",
    arguments: [#""payload":[1]"#, #""payloadBase64":"AA==""#])
  func base(payload: String) async throws {
    try await AgentWorld.run { world in
      let id = try await world.enqueue(#"{"kind":"k","base": {"payload":1.10, "a":null} ,\#(payload)}"#)
      let stored = try await world.stored(id)
      let base = #"{"payload":1.10, "a":null}"#
      #expect(stored?.operation.base == Array(base.utf8))
      let shown = try await world.send(.GET, "/v1/operations/\(id)").body
      #expect(shown.contains(#","base":\#(base)"#), "\(shown)")
      #expect(try await world.show(id).payloadBytes == stored?.operation.payload.count)
    }
  }

  @Test("Bytes come as payloadBase64, and go back so unless they are JSON")
  func base64() async throws {
    try await AgentWorld.run { world in
      let raw = try await world.show(try await world.enqueue(#"{"kind":"k","payloadBase64":"AP/+\/w=="}"#))
      #expect(raw.payloadBase64 == "AP/+/w==" && raw.payload == nil && raw.payloadBytes == 4 && raw.headers.isEmpty)
      let json = try await world.show(try await world.enqueue(#"{"kind":"k","payloadBase64":"WzFd"}"#))
      #expect(json.payload == .array([.number(1)]) && json.payloadBase64 == nil)
      let empty = try await world.show(try await world.enqueue(#"{"kind":"k"}"#))
      #expect(empty.payloadBase64 == "" && empty.payloadBytes == 0 && empty.headers.isEmpty)
    }
  }

  @Test("A Content-Type given for the payload stays, however it is written")
  func ownContentType() async throws {
    try await AgentWorld.run { world in
      let id = try await world.enqueue(
        #"{"kind":"k","payload":{},"headers":{"content-TYPE":"application/merge-patch+json"}}"#)
      #expect(try await world.show(id).headers == ["content-TYPE": "application/merge-patch+json"])
    }
  }

  @Test("Fields that are null count as not given, but for the payload")
  func nulls() async throws {
    try await AgentWorld.run { world in
      let operation = try await world.show(
        try await world.enqueue(
          #"""
          {"kind":"k","payload":null,"payloadBase64":null,"orderingKey":null,"priority":null,"version":null,
           "idempotencyKey":null,"coalescingKey":null,"notBefore":null,"expiresAt":null,"headers":null,"base":null}
          """#))
      #expect(operation.payloadBytes == 4 && operation.priority == "normal" && operation.version == 1)
      #expect(operation.orderingKey == nil && operation.idempotencyKey == operation.id)
      #expect(try await world.stored(operation.id)?.operation.base == nil)
    }
  }

  @Test("The same idempotency key again answers the same identifier and adds nothing")
  func idempotency() async throws {
    try await AgentWorld.run { world in
      let first = try await world.enqueue(#"{"kind":"k","idempotencyKey":"once"}"#)
      let answer = try await world.send(.POST, "/v1/operations", #"{"kind":"k","idempotencyKey":"once"}"#)
      #expect(answer.status == 202)
      let second = try answer.decoded(WireReceipt.self)
      #expect(second.id == first && second.repeated == true)
      #expect(try await world.queue.status().pending == 1)
    }
  }

  @Test("A coalescing key takes the place of the waiting operation, and the answer says of which")
  func coalescing() async throws {
    try await AgentWorld.run { world in
      let first = try await world.enqueue(#"{"kind":"k","coalescingKey":"c"}"#)
      let answer = try await world.send(.POST, "/v1/operations", #"{"kind":"k","coalescingKey":"c"}"#)
      #expect(try answer.decoded(WireReceipt.self).replaced == first)
    }
  }

  @Test("Several operations are answered in their order")
  func batch() async throws {
    try await AgentWorld.run { world in
      let answer = try await world.send(
        .POST, "/v1/operations",
        #"{"operations":[{"kind":"a","orderingKey":"o"},{"kind":"b","orderingKey":"o"},{"kind":"c"}]}"#)
      #expect(answer.status == 202)
      let receipts = try answer.decoded(WireReceipts.self).operations
      #expect(receipts.map(\.state) == ["pending", "blocked", "pending"])
      var kinds: [String] = []
      for receipt in receipts { kinds.append(try await world.show(receipt.id).kind) }
      #expect(kinds == ["a", "b", "c"])
    }
  }

  @Test("Of several operations all are stored or none")
  func batchIsAtomic() async throws {
    var settings = QueueConfiguration()
    settings.operationsMaximum = 2
    try await AgentWorld.run(queue: settings) { world in
      let bodies = [
        (#"{"operations":[{"kind":"a"},{"kind":""}]}"#, 400, "operations[1].kind"),
        (#"{"operations":[{"kind":"a"},{"kind":"b"},{"kind":"c"}]}"#, 507, nil),
      ]
      for (body, status, field) in bodies {
        let answer = try await world.send(.POST, "/v1/operations", body)
        #expect(answer.status == status)
        #expect(try answer.problem().field == field)
        #expect(try await world.queue.status().pending == 0)
      }
    }
  }

  @Test("Sixty-four senders at once are all answered with an operation that is there")
  func concurrent() async throws {
    try await AgentWorld.run { world in
      let ids = try await withThrowingTaskGroup(of: [String].self) { group in
        for sender in 0..<64 {
          group.addTask {
            var ids: [String] = []
            for number in 0..<8 {
              ids.append(try await world.enqueue(#"{"kind":"k","payload":{"sender":\#(sender),"number":\#(number)}}"#))
            }
            return ids
          }
        }
        return try await group.reduce(into: []) { $0 += $1 }
      }
      #expect(Set(ids).count == 512)
      #expect(try await world.queue.status().pending == 512)
      for id in ids { #expect(try await world.send(.GET, "/v1/operations/\(id)").status == 200) }
    }
  }

  @Test("Nothing is answered before the operation is durable")
  func durableFirst() async throws {
    try await AgentWorld.run { world in
      world.store.hold()
      async let answer = world.send(.POST, "/v1/operations", #"{"kind":"k"}"#)
      for await _ in world.store.held { break }
      let pending = try await world.queue.status().pending
      #expect(pending == 0)
      world.store.release()
      let status = try await answer.status
      #expect(status == 202)
    }
  }

  @Test(
    "Declaring no type, JSON of any kind, or what curl declares by itself is accepted",
    arguments: [
      nil, "application/json", "Application/JSON ; charset=utf-8", "application/vnd.x+json",
      "application/x-www-form-urlencoded",
    ])
  func contentTypes(type: String?) async throws {
    try await AgentWorld.run { world in
      let fields: HTTPHeaders = type.map { ["Content-Type": $0] } ?? [:]
      let answer = try await AgentWorld.send(
        .POST, world.base + "/v1/operations", #"{"kind":"k"}"#, fields: fields)
      #expect(answer.status == 202)
    }
  }
}
