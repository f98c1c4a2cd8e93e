import NIOHTTP1
import Testing
import TomboloAgent
import TomboloPorts
import TomboloQueue

@Suite("POST /v1/operations, refused")
struct EnqueueErrorTests {
  struct Case: CustomTestStringConvertible, Sendable {
    var body: String
    var status = 400
    var code: String
    var field: String?
    var detail: String

    init(_ body: String, _ code: String, _ field: String?, _ detail: String) {
      (self.body, self.code, self.field, self.detail) = (body, code, field, detail)
    }
    var testDescription: String { String(body.prefix(80)) }
  }

  static let cases = [
    Case("", "malformedJSON", nil, "the body is empty"),
    Case("[]", "malformedJSON", nil, "the body must be an object: "),
    Case(#"{"kind":"k""#, "malformedJSON", nil, "the text ends before the closing brace at line 1, column 12"),
    Case("{\"kind\":\n \"k\",}", "malformedJSON", nil, "expected another value after the comma at line 2, column 6"),
    Case(#"{"kind":"k"} x"#, "malformedJSON", nil, "there is something after the end of the value"),
    Case(#"{"kind":"k","payload":01}"#, "malformedJSON", nil, "a number does not begin with a zero"),
    Case(#"{"kind":"k","payload":{"a":"\ud800"}}"#, "malformedJSON", nil, "half of a surrogate pair stands alone"),
    Case("{}", "missingField", "kind", "kind is missing"),
    Case(#"{"kind":null}"#, "missingField", "kind", "kind is missing"),
    Case(#"{"kind":7}"#, "invalidField", "kind", "kind must be a string, not a number"),
    Case(#"{"kind":""}"#, "invalidField", "kind", "kind is empty"),
    Case(#"{"kind":"k\u0000"}"#, "invalidField", "kind", "kind contains a control character"),
    Case(#"{"kind":"k","version":0}"#, "invalidField", "version", "a kind's versions begin with 1"),
    Case(#"{"kind":"k","version":1.5}"#, "invalidField", "version", "version must be a whole number"),
    Case(
      #"{"kind":"k","priority":"urgent"}"#, "invalidField", "priority",
      #"priority "urgent" is unknown: give one of critical, high, normal, low, background"#),
    Case(#"{"kind":"k","orderingkey":"x"}"#, "unknownField", "orderingkey", "did you mean orderingKey?"),
    Case(
      #"{"kind":"k","\#(String(repeating: "z", count: 100_000))":1}"#, "unknownField",
      String(repeating: "z", count: 200) + "…", "there is no field zzz"),
    Case(#"{"kind":"k","operation":[]}"#, "unknownField", "operation", "did you mean operations?"),
    Case(#"{"kind":"k","zzzzzzzz":1}"#, "unknownField", "zzzzzzzz", "known are kind, version, orderingKey"),
    Case(#"{"kind":"k","kind":"l"}"#, "duplicateField", "kind", "kind is given twice"),
    Case(
      #"{"kind":"k","payload":1,"payloadBase64":""}"#, "conflictingFields", "payloadBase64",
      "payload and payloadBase64 are given together"),
    Case(#"{"kind":"k","payloadBase64":"a-_b"}"#, "invalidField", "payloadBase64", "payloadBase64 is not base64"),
    Case(#"{"kind":"k","notBefore":"tomorrow"}"#, "invalidField", "notBefore", "RFC 3339"),
    Case(#"{"kind":"k","expiresAt":1790000000000}"#, "invalidField", "expiresAt", "RFC 3339"),
    Case(
      #"{"kind":"k","notBefore":"2027-01-01T00:00:00Z","expiresAt":"2026-01-01T00:00:00Z"}"#, "invalidField",
      "expiresAt", "expiresAt is not later than notBefore"),
    Case(#"{"kind":"k","headers":[]}"#, "invalidField", "headers", "headers must be an object of strings"),
    Case(#"{"kind":"k","headers":{"A":1}}"#, "invalidField", "headers.A", "headers.A must be a string"),
    Case(#"{"kind":"k","headers":{"A":"x\r\nB: y"}}"#, "invalidField", "headers.A", "contains a control character"),
    Case(#"{"kind":"k","headers":{"A B":"x"}}"#, "invalidField", "headers", "a name that no header may have"),
    Case(#"{"kind":"k","headers":{"A":"x","a":"y"}}"#, "duplicateField", "headers.a", "headers.a is given twice"),
    Case(#"{"kind":"k","operations":[{"kind":"k"}]}"#, "conflictingFields", "kind", "kind and operations"),
    Case(#"{"operations":[{"kind":"k"}],"payload":1}"#, "conflictingFields", "payload", "payload and operations"),
    Case(#"{"operations":[]}"#, "invalidField", "operations", "operations is empty"),
    Case(#"{"operations":{}}"#, "invalidField", "operations", "operations must be an array, not an object"),
    Case(#"{"operations":[1]}"#, "invalidField", "operations[0]", "operations[0] must be an object, not a number"),
    Case(#"{"operations":[{"kind":"k"},{}]}"#, "missingField", "operations[1].kind", "operations[1].kind is missing"),
    Case(
      #"{"operations":[{"kind":"k"},{"kind":"k","prio":"low"}]}"#, "unknownField", "operations[1].prio",
      "there is no field operations[1].prio"),
    Case(
      #"{"operations":[{"kind":"k"},{"kind":"k","orderingKey":""}]}"#, "invalidField", "operations[1].orderingKey",
      "operations[1].orderingKey: orderingKey is empty"),
  ]

  @Test("What cannot be accepted is refused with problem details that name the field", arguments: cases)
  func refused(expected: Case) async throws {
    try await AgentWorld.run { world in
      let answer = try await world.send(.POST, "/v1/operations", expected.body)
      let problem = try answer.problem()
      #expect(answer.status == expected.status && problem.status == expected.status)
      #expect(problem.type == "about:blank" && problem.title == "Bad Request")
      #expect(problem.code == expected.code)
      #expect(problem.field == expected.field)
      #expect(problem.detail.contains(expected.detail), "\(problem.detail)")
      #expect(try await world.queue.status().pending == 0)
    }
  }

  @Test("A payload over the limit is refused with 413")
  func payloadTooLarge() async throws {
    var settings = QueueConfiguration()
    settings.payloadByteCountMaximum = 10
    try await AgentWorld.run(queue: settings) { world in
      #expect(try await world.send(.POST, "/v1/operations", #"{"kind":"k","payload":12345678}"#).status == 202)
      let answer = try await world.send(.POST, "/v1/operations", #"{"kind":"k","payload":12345678901}"#)
      #expect(answer.status == 413)
      let problem = try answer.problem()
      #expect(problem.code == "payloadTooLarge" && problem.field == "payload")
      #expect(problem.detail.contains("the payload has 11 bytes, and the limit is 10"))
    }
  }

  @Test("A base over the limit is refused with 413, and one beside a payload as large as may be is not")
  func baseTooLarge() async throws {
    var settings = QueueConfiguration()
    settings.payloadByteCountMaximum = 100_000
    try await AgentWorld.run(queue: settings) { world in
      let largest = "\"\(String(repeating: "x", count: 99_998))\""
      let body = #"{"kind":"k","payload":\#(largest),"base":\#(largest)}"#
      #expect(try await world.send(.POST, "/v1/operations", body).status == 202)
      let answer = try await world.send(.POST, "/v1/operations", #"{"kind":"k","base":[\#(largest)]}"#)
      #expect(answer.status == 413)
      let problem = try answer.problem()
      #expect(problem.code == "payloadTooLarge" && problem.field == "base")
      #expect(problem.detail.contains("the base has 100002 bytes, and the limit is 100000"))
    }
  }

  @Test("A body over the limit is refused with 413, whether it says its length or not")
  func bodyTooLarge() async throws {
    var settings = QueueConfiguration()
    settings.payloadByteCountMaximum = 10
    try await AgentWorld.run(queue: settings) { world in
      let padding = String(repeating: " ", count: 70_000)
      let single = try await world.send(.POST, "/v1/operations", #"{"kind":"k"\#(padding)}"#)
      #expect(single.status == 413)
      #expect(try single.problem().code == "payloadTooLarge")
      // As a list it may be longer.
      let batch = try await world.send(.POST, "/v1/operations", #"{"operations":[{"kind":"k"}]\#(padding)}"#)
      #expect(batch.status == 202)
      let huge = String(repeating: " ", count: 17 << 20)
      #expect(try await world.send(.POST, "/v1/operations", huge).status == 413)
      #expect(try await world.sendInParts("/v1/operations", huge).status == 413)
    }
  }

  @Test(
    "Bodies that are declared to be no JSON are refused with 415, which says what to send",
    arguments: ["text/plain", "multipart/form-data; boundary=x", "application/xml"])
  func contentTypes(type: String) async throws {
    try await AgentWorld.run { world in
      let answer = try await world.send(
        .POST, "/v1/operations", #"{"kind":"k"}"#, fields: ["Content-Type": type])
      #expect(answer.status == 415)
      #expect(try answer.problem().detail.contains("-H 'Content-Type: application/json'"))
    }
  }

  @Test("A full queue answers 507, with no promise of when to come back")
  func full() async throws {
    var settings = QueueConfiguration()
    settings.operationsMaximum = 1
    try await AgentWorld.run(queue: settings) { world in
      try await world.enqueue(#"{"kind":"k"}"#)
      let answer = try await world.send(.POST, "/v1/operations", #"{"kind":"k"}"#)
      #expect(answer.status == 507)
      #expect(answer.fields["Retry-After"].isEmpty)
      let problem = try answer.problem()
      #expect(problem.code == "queueFull" && problem.title == "Insufficient Storage")
      #expect(problem.detail.contains("queue.operationsMaximum"))
    }
  }

  @Test(
    "A store that fails is a problem of the server's, and tells nothing of the inside",
    arguments: [
      (StoreError.Code.engine, 503, "storeFailed"), (.outcomeUnknown, 503, "outcomeUnknown"),
      (.full, 507, "queueFull"), (.damaged, 500, "storeDamaged"), (.closed, 503, "stopping"),
    ])
  func storeFailures(code: StoreError.Code, status: Int, expected: String) async throws {
    try await AgentWorld.run { world in
      world.store.failNextCommit(StoreError(code, "the file /secret/path is gone"))
      let answer = try await world.send(.POST, "/v1/operations", #"{"kind":"k"}"#)
      #expect(answer.status == status)
      let problem = try answer.problem()
      #expect(problem.code == expected)
      #expect(!answer.body.contains("secret"))
      if code == .outcomeUnknown { #expect(problem.detail.contains("the same idempotencyKey")) }
    }
  }
}
