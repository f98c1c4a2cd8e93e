import Foundation
import TomboloAgent
import TomboloPorts
import TomboloQueue
import Testing

@testable import TomboloProgram

@Suite("Operations as JSON")
struct OperationDocumentTests {
  private static let id = OperationID(high: 0x0193_506E_8A2B_7C11, low: 0x9F00_3B1C_5D7E_9A42)

  private static func snapshot(_ payload: String, state: OperationState = .retrying) -> OperationSnapshot {
    let operation = SyncOperation(
      id: id, kind: "orders.create", orderingKey: "user/7", enqueuedAt: Timestamp(millisecondsSinceEpoch: 0),
      headers: [OperationHeader(name: "payload", value: #"","payload":"no"#)], payload: Array(payload.utf8))
    return OperationSnapshot(
      operation: operation, state: state, attemptCount: 3,
      lastFailure: DeliveryFailure(.upstreamFailed, "the upstream answered 500"),
      lastFailureAt: Timestamp(millisecondsSinceEpoch: 10_000), dueAt: Timestamp(millisecondsSinceEpoch: 46_000))
  }

  @Test(
    "A JSON payload is found byte for byte, whatever else stands around it",
    arguments: [
      #"{"b":1.10,"a":{"payload":[1,2]}}"#, "12345678901234567890", #""x\"},""#, "null", "[1, 2]", " {} ",
    ])
  func payload(text: String) throws {
    let document = try OperationDocument(Self.snapshot(text))
    #expect(String(decoding: document.payload, as: UTF8.self) == text)
    let again = try OperationDocument(json: document.json)
    #expect(again.payload == document.payload && again.operation == document.operation)
  }

  @Test("A number that no decoder holds is no obstacle to showing the rest")
  func largeNumber() throws {
    let json = try OperationDocument(Self.snapshot("1")).json
    let text = String(decoding: json, as: UTF8.self).replacingOccurrences(
      of: #""payload":1}"#, with: #""payload":1e999}"#)
    let document = try OperationDocument(json: Array(text.utf8))
    #expect(String(decoding: document.payload, as: UTF8.self) == "1e999")
    #expect(document.operation.kind == "orders.create")
  }

  @Test("Another payload travels in base64")
  func base64() throws {
    let document = try OperationDocument(Self.snapshot("not json"))
    #expect(document.operation.payloadBase64 == "bm90IGpzb24=")
    #expect(document.payload == Array("not json".utf8))
  }

  @Test("Without an agent an operation is told in exactly the agent's keys")
  func keys() throws {
    let direct = WireJSON(Self.snapshot("1"))
    let wire: WireOperation = try JSONText.convert(direct)
    #expect(try JSONText.encode(wire) == JSONText.encode(direct))
  }

  @Test("A payload that is JSON is sent byte for byte, any other in base64")
  func body() throws {
    var operation = NewOperation(kind: "k", payload: Array("1.10".utf8), headers: [])
    let raw = String(decoding: try EnqueueBody(operation).bytes, as: UTF8.self)
    #expect(raw == #"{"kind":"k","payloadBase64":"MS4xMA==","priority":"normal","version":1}"#)
    operation.headers = [OperationHeader(name: "content-type", value: "application/json")]
    let json = String(decoding: try EnqueueBody(operation).bytes, as: UTF8.self)
    #expect(
      json
        == #"{"headers":{"content-type":"application/json"},"kind":"k","priority":"normal","version":1,"payload":1.10}"#
    )
  }

  @Test("A base is sent and shown byte for byte, beside any payload", arguments: ["1.10", "not json"])
  func base(payload: String) throws {
    let base = Array(#"{"payload": 1e999}"#.utf8)
    var operation = NewOperation(kind: "k", payload: Array(payload.utf8))
    operation.base = base
    let body = String(decoding: try EnqueueBody(operation).bytes, as: UTF8.self)
    #expect(body.hasSuffix(#","base":{"payload": 1e999}}"#), "\(body)")
    var snapshot = Self.snapshot(payload)
    snapshot.operation.base = base
    let document = try OperationDocument(snapshot)
    #expect(document.payload == Array(payload.utf8))
    #expect(document.base == base)
    let text = OperationText(document: document, clock: WallClock(now: Timestamp(millisecondsSinceEpoch: 22_000)))
    #expect(text.description.contains("made on       18 bytes: {\"payload\": 1e999}"), "\(text)")
  }

  @Test(
    "A payload that only says it is JSON is put into no document as it is",
    arguments: [Array(#"1,"notBefore":null"#.utf8), [0xFF, 0xFE, 0x7B, 0, 0x7D, 0], [0xEF, 0xBB, 0xBF, 0x31]])
  func notQuiteJSON(bytes: [UInt8]) throws {
    let operation = NewOperation(
      kind: "k", payload: bytes, headers: [OperationHeader(name: "Content-Type", value: "application/json")])
    let body = String(decoding: try EnqueueBody(operation).bytes, as: UTF8.self)
    #expect(body.contains(#""payloadBase64":"\#(Data(bytes).base64EncodedString())""#))
    var snapshot = Self.snapshot("")
    snapshot.operation.payload = bytes
    let document = try OperationDocument(snapshot)
    #expect(document.payload == bytes)
    #expect(document.operation.payloadBase64 == Data(bytes).base64EncodedString())
    #expect(throws: CommandError.self) { try PayloadArgument.requireJSON(bytes) }
  }

  @Test("An operation is shown with its history in words")
  func text() throws {
    let clock = WallClock(now: Timestamp(millisecondsSinceEpoch: 22_000))
    let text = OperationText(document: try OperationDocument(Self.snapshot(#"{"a":"\u001b"}"#)), clock: clock)
    #expect(
      text.description == #"""
        operation     0193506e-8a2b-7c11-9f00-3b1c5d7e9a42
        kind          orders.create
        state         retrying
        priority      normal
        ordering key  user/7
        enqueued      22 s ago (00:00:00)
        attempts      attempted 3 times
        last error    the upstream answered 500, 12 s ago (00:00:10)
        next attempt  in 24 s (00:00:46)
        why it waits  it waits until its backoff ends at 00:00:46
        header        payload: ","payload":"no
        payload       14 bytes: {"a":"\u001b"}
        """#)
  }

  @Test("A conflict is shown field by field, with what settles it")
  func conflict() throws {
    var snapshot = Self.snapshot(#"{"a":1,"b":[2],"same":0}"#, state: .parked)
    snapshot.operation.base = Array(#"{"a":0,"same":0}"#.utf8)
    snapshot.conflict = RemoteVersion(
      tag: "v", modifiedAt: Timestamp(millisecondsSinceEpoch: 9_000), payload: Array(#"{"a":3,"same":0}"#.utf8),
      detail: "412 Precondition Failed")
    let clock = WallClock(now: Timestamp(millisecondsSinceEpoch: 22_000))
    let text = OperationText(document: try OperationDocument(snapshot), clock: clock).description
    for line in [
      "what to do    tombolo retry \(Self.id) --resolution local|remote|FILE",
      "conflict      412 Precondition Failed",
      "there since   1970-01-01T00:00:09.000Z",
      "differs       a: here 1, there 3, before 0",
      "differs       b: here [2], there nothing",
    ] { #expect(text.contains(line), "\(text)") }
    snapshot.conflict?.payload = Array("plain".utf8)
    let other = OperationText(document: try OperationDocument(snapshot), clock: clock).description
    #expect(other.contains("there         5 bytes: plain"))
  }

  @Test("Bytes that are no text are not put on a terminal")
  func binary() throws {
    var snapshot = Self.snapshot("")
    snapshot.operation.payload = [0, 1, 0x1B]
    let text = OperationText(
      document: try OperationDocument(snapshot), clock: WallClock(now: snapshot.operation.enqueuedAt))
    #expect(text.description.hasSuffix("payload       3 bytes, not text: use --json to see them in base64"))
  }

  @Test("An empty list says so, and a cut one that there is more")
  func list() throws {
    let clock = WallClock(now: Timestamp(millisecondsSinceEpoch: 22_000))
    let operation = try OperationDocument(Self.snapshot("1", state: .deadLettered)).operation
    func text(_ operations: [WireOperation], hasMore: Bool = false, isFiltered: Bool = false) -> String {
      "\(OperationListText(operations: operations, hasMore: hasMore, isFiltered: isFiltered, clock: clock))"
    }
    #expect(text([]) == "there are no operations: everything is settled")
    #expect(text([], isFiltered: true) == "no operation fits")
    #expect(text([operation], hasMore: true).hasSuffix("\nthe oldest 1; there are more: --limit N"))
    #expect(text([operation]).contains("dead-lettered  3         22 s  normal    orders.create  user/7"))
  }
}
