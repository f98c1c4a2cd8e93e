import Foundation
import GRPCCore
import GRPCDelivery
import GRPCProtobuf
import GRPCUpstream
import SwiftProtobuf
import Testing
import TomboloPorts
import TomboloTesting

@Suite("GRPCDelivery: what an answer means")
struct GRPCDeliveryStatusTests {
  /// What the upstream tells beside its status.
  enum Detail: Sendable, CustomTestStringConvertible {
    case nothing, retryInfo, retryAfterTrailer, pushbackTrailer, version, etagTrailer, garbage

    var testDescription: String { "\(self)" }

    var version: Tombolo_Delivery_V1_RemoteVersion {
      .with {
        $0.tag = "v9"
        $0.payload = .init([1, 2, 3])
        $0.modifiedAtMilliseconds = 1_000
        $0.detail = "changed by another device"
      }
    }

    func error(_ code: RPCError.Code) throws -> RPCError {
      switch self {
      case .nothing: return RPCError(code: code, message: "so it is")
      case .retryInfo:
        return RPCError(GoogleRPCStatus(code: code, message: "so it is", details: .retryInfo(delay: .seconds(7))))
      case .retryAfterTrailer: return RPCError(code: code, message: "so it is", metadata: ["retry-after": "7"])
      case .pushbackTrailer:
        return RPCError(code: code, message: "so it is", metadata: ["grpc-retry-pushback-ms": "7000"])
      case .version:
        let any = try Google_Protobuf_Any(message: version)
        return RPCError(GoogleRPCStatus(code: code, message: "so it is", details: .any(any)))
      case .etagTrailer: return RPCError(code: code, message: "so it is", metadata: ["etag": "v9"])
      case .garbage:
        return RPCError(
          code: code, message: "so it is", metadata: ["grpc-status-details-bin": .binary([0xFF, 0xFF, 0xFF])])
      }
    }
  }

  /// The table of `StatusMapping`, status for status.
  static let table: [(RPCError.Code, Detail, String, Duration?)] = [
    (.cancelled, .nothing, "retry upstreamFailed", nil),
    (.unknown, .nothing, "retry upstreamFailed", nil),
    (.invalidArgument, .nothing, "reject refused", nil),
    (.deadlineExceeded, .nothing, "retry timeout", nil),
    (.notFound, .nothing, "reject refused", nil),
    (.alreadyExists, .nothing, "conflict", nil),
    (.alreadyExists, .version, "conflict", nil),
    (.permissionDenied, .nothing, "suspend unauthorized", .seconds(60)),
    (.resourceExhausted, .nothing, "retry throttled", nil),
    (.resourceExhausted, .retryInfo, "retry throttled", .seconds(7)),
    (.resourceExhausted, .retryAfterTrailer, "retry throttled", .seconds(7)),
    (.resourceExhausted, .pushbackTrailer, "retry throttled", .seconds(7)),
    (.resourceExhausted, .garbage, "retry throttled", nil),
    (.failedPrecondition, .nothing, "reject refused", nil),
    (.failedPrecondition, .version, "conflict", nil),
    (.failedPrecondition, .etagTrailer, "conflict", nil),
    (.aborted, .nothing, "retry upstreamFailed", nil),
    (.aborted, .version, "conflict", nil),
    (.outOfRange, .nothing, "reject refused", nil),
    (.unimplemented, .nothing, "reject refused", nil),
    (.internalError, .nothing, "retry upstreamFailed", nil),
    (.unavailable, .nothing, "retry upstreamFailed", nil),
    (.unavailable, .retryInfo, "retry upstreamFailed", .seconds(7)),
    (.dataLoss, .nothing, "reject refused", nil),
    (.unauthenticated, .nothing, "suspend unauthorized", .seconds(60)),
  ]

  @Test("Each status has its outcome", arguments: table)
  func statuses(code: RPCError.Code, detail: Detail, expected: String, pause: Duration?) async throws {
    try await DeliveryHarness.run { harness in
      harness.service.answer(.status(try detail.error(code)))
      let outcome = try await harness.deliver()
      #expect(outcome.label == expected)
      #expect(outcome.pause == pause)
      if detail == .version {
        #expect(outcome.remote?.detail == "changed by another device")
      } else {
        #expect(outcome.message.contains("so it is"))
      }
    }
  }

  @Test("The table leaves no status out")
  func isComplete() {
    let codes = Set(Self.table.map(\.0.rawValue))
    #expect(codes == Set(1...16))
  }

  @Test(
    "A conflict brings the remote version", arguments: [RPCError.Code.aborted, .alreadyExists, .failedPrecondition])
  func conflictDetails(code: RPCError.Code) async throws {
    try await DeliveryHarness.run { harness in
      harness.service.answer(.status(try Detail.version.error(code)), .status(try Detail.etagTrailer.error(code)))
      let told = try #require(try await harness.deliver().remote)
      #expect(told.tag == "v9")
      #expect(told.payload == [1, 2, 3])
      #expect(told.modifiedAt == Timestamp(millisecondsSinceEpoch: 1_000))
      #expect(told.detail == "changed by another device")
      let tagged = try #require(try await harness.deliver().remote)
      #expect(tagged.tag == "v9")
      #expect(tagged.payload == nil)
      #expect(tagged.detail.contains("so it is"))
    }
  }

  @Test(
    "A conflict brings the stamp of the operation that wrote the remote version, however the upstream tells of it",
    arguments: ["till-7", "k\u{E4}sse"])
  func stamp(node: String) async throws {
    let stamp = HybridTimestamp(time: Timestamp(millisecondsSinceEpoch: 784_111_777_000), counter: 3, node: node)
    let message = Tombolo_Delivery_V1_RemoteVersion.with { $0.written = stamp.description }
    let trailer: Metadata =
      node.utf8.allSatisfy { $0 < 0x80 }
      ? ["tombolo-written": "\(stamp)"] : ["tombolo-written-bin": .binary(Array(stamp.description.utf8))]
    let status = GoogleRPCStatus(
      code: .aborted, message: "", details: .any(try Google_Protobuf_Any(message: message)))
    try await DeliveryHarness.run { harness in
      harness.service.answer(
        .response(.with { $0.conflict = message }), .status(RPCError(status)),
        .status(RPCError(code: .aborted, message: "newer", metadata: trailer)))
      for _ in 1...3 {
        let outcome = try await harness.deliver()
        #expect(outcome.label == "conflict")
        #expect(outcome.remote?.written == stamp)
      }
    }
  }

  @Test("A stamp that is none is as none")
  func noStamp() async throws {
    try await DeliveryHarness.run { harness in
      harness.service.answer(
        .response(.with { $0.conflict = .with { $0.written = "yesterday" } }),
        .status(RPCError(code: .aborted, message: "newer", metadata: ["tombolo-written": "yesterday"])))
      let told = try #require(try await harness.deliver().remote)
      #expect(told.written == nil)
      #expect(try await harness.deliver().label == "retry upstreamFailed")
    }
  }

  @Test("FAILED_PRECONDITION against a call that was to replace a version is a conflict")
  func preconditionOfReplacement() async throws {
    try await DeliveryHarness.run { harness in
      harness.service.answer(.status(RPCError(code: .failedPrecondition, message: "v10 by now")))
      let outcome = try await harness.deliver(replacing: RemoteVersion(tag: "v9", detail: ""))
      #expect(outcome.label == "conflict")
    }
  }

  static let responses: [(Tombolo_Delivery_V1_DeliverResponse, String, Duration?)] = [
    (.with { $0.delivered = .init() }, "delivered", nil),
    (.init(), "delivered", nil),
    (.with { $0.conflict = Detail.nothing.version }, "conflict", nil),
    (.with { $0.retry = .with { $0.reason = "busy" } }, "retry upstreamFailed", nil),
    (
      .with {
        $0.retry = .with {
          $0.reason = "busy"; $0.afterMilliseconds = 1_500
        }
      }, "retry throttled",
      .milliseconds(1_500)
    ),
    (.with { $0.rejected = .with { $0.reason = "no such account" } }, "reject refused", nil),
  ]

  @Test("Each outcome of a DeliverResponse has its meaning", arguments: responses.indices)
  func outcomes(index: Int) async throws {
    let (response, expected, pause) = Self.responses[index]
    try await DeliveryHarness.run { harness in
      harness.service.answer(.response(response))
      let outcome = try await harness.deliver()
      #expect(outcome.label == expected)
      #expect(outcome.pause == pause)
      if expected == "conflict" { #expect(outcome.remote?.payload == [1, 2, 3]) }
      if expected == "reject refused" { #expect(outcome.message.contains("no such account")) }
    }
  }

  @Test("An outcome that a newer service knows and this program does not is kept for a newer program")
  func unknownOutcome() async throws {
    // Field 15, a length-delimited message of nothing.
    let response = try Tombolo_Delivery_V1_DeliverResponse(serializedBytes: [0x7A, 0x00] as [UInt8])
    try await DeliveryHarness.run { harness in
      harness.service.answer(.response(response))
      let outcome = try await harness.deliver()
      #expect(outcome.label == "park undecodable")
    }
  }

  @Test("Neither payload nor token nor control characters get into what is stored about a failure")
  func noSecrets() async throws {
    try await DeliveryHarness.run {
      $0.bearerToken = "t0ken-of-ours"
    } body: { harness in
      let operation = SyncOperation.sample(
        headers: [OperationHeader(name: "Cookie", value: "session=abcdef")], payload: "my-payload")
      harness.service.answer(
        .status(
          RPCError(
            code: .invalidArgument,
            message: "bad my-payload from t0ken-of-ours, session=abcdef\n\u{1B}[2J" + String(repeating: "z", count: 500)
          )))
      let message = try await harness.deliver(operation).message
      #expect(message.contains("[payload]"))
      #expect(message.contains("[hidden]"))
      for secret in ["my-payload", "t0ken", "abcdef", "\n", "\u{1B}"] { #expect(!message.contains(secret)) }
      #expect(message.count < 260)
    }
  }
}
