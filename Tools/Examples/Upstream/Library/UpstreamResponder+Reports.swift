import HTTPTypes
import Hummingbird
import NIOCore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension UpstreamResponder {
  private static let rulesBytesMaximum = 1 << 20
  private static let receivedMaximum = 1_000

  /// Answers what is asked about the upstream itself.
  func report(_ request: Request) async throws -> Response {
    switch (request.method, request.uri.path) {
    case (.get, "/health"), (.head, "/health"):
      return Response(status: .noContent)
    case (.get, "/summary"):
      return json(memory.summary)
    case (.get, "/received"):
      let offset = request.uri.queryParameters.get("offset").flatMap { Int($0) } ?? 0
      let limit = request.uri.queryParameters.get("limit").flatMap { Int($0) } ?? Self.receivedMaximum
      return json(["operations": memory.received(offset: offset, limit: limit)])
    case (.get, "/behaviour"):
      return json(memory.behaviours)
    case (.put, "/behaviour"):
      return try await setBehaviour(request)
    case (.delete, "/behaviour"):
      memory.behaviours = []
      return Response(status: .noContent)
    default:
      return json(["error": "nothing is known about \(request.uri.path)"], status: .notFound)
    }
  }

  private func setBehaviour(_ request: Request) async throws -> Response {
    let body = try await request.body.collect(upTo: Self.rulesBytesMaximum)
    let data = Data(body.readableBytesView)
    do {
      let isList = body.readableBytesView.first { $0 > 0x20 } == UInt8(ascii: "[")
      memory.behaviours =
        try isList
        ? JSONDecoder().decode([UpstreamBehaviour].self, from: data)
        : [JSONDecoder().decode(UpstreamBehaviour.self, from: data)]
      return json(memory.behaviours)
    } catch {
      return json(["error": "the rules cannot be read: \(error)"], status: .badRequest)
    }
  }

  /// A response with the value as JSON.
  func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) -> Response {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      let bytes = try encoder.encode(value)
      return Response(
        status: status, headers: [.contentType: "application/json"],
        body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    } catch {
      return Response(
        status: .internalServerError, body: ResponseBody(byteBuffer: ByteBuffer(string: "cannot encode: \(error)")))
    }
  }
}
