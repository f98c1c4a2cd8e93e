import HTTPTypes
import Hummingbird
import NIOCore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension AgentResponder {
  // MARK: - Answers

  /// An answer of JSON text.
  static func answer(
    jsonText bytes: [UInt8], status: HTTPResponse.Status = .ok, contentType: String = "application/json"
  ) -> Response {
    // `nosniff` and `no-store`: nothing that a browser is made to load becomes anything but data, or stays there.
    let fields: HTTPFields = [.contentType: contentType, .cacheControl: "no-store", .xContentTypeOptions: "nosniff"]
    return Response(status: status, headers: fields, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
  }

  /// An answer of one of the wire's types.
  static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
    answer(jsonText: try encode(value), status: status)
  }

  /// JSON with keys in alphabetical order, so that the same answer is the same bytes.
  static func encode(_ value: some Encodable) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return Array(try encoder.encode(value))
  }

  /// The answer that tells of a problem.
  static func response(_ problem: AgentProblem) throws -> Response {
    var response = answer(
      jsonText: try encode(problem.document), status: problem.status, contentType: "application/problem+json")
    if let allow = problem.allow { response.headers[.allow] = allow }
    if problem.status == .unauthorized { response.headers[.wwwAuthenticate] = "Bearer" }
    return response
  }

  // MARK: - Requests

  /// The body of a request, up to the limit.
  func body(of request: Request) async throws -> [UInt8] {
    try Self.checkContentType(request.headers)
    let maximum = configuration.bodyByteCountMaximum
    if let text = request.headers[.contentLength], let count = Int(text), count > maximum {
      throw AgentProblem.tooLarge(byteCountMaximum: maximum)
    }
    var bytes: [UInt8] = []
    var parts = request.body.makeAsyncIterator()
    while let part = try await Self.next(&parts) {
      guard bytes.count + part.readableBytes <= maximum else { throw AgentProblem.tooLarge(byteCountMaximum: maximum) }
      bytes.append(contentsOf: part.readableBytesView)
    }
    return bytes
  }

  private static func next(_ parts: inout RequestBody.AsyncIterator) async throws -> ByteBuffer? {
    do {
      return try await parts.next()
    } catch let error as CancellationError {
      throw error
    } catch {
      throw AgentProblem(.badRequest, .malformedJSON, "the body ended before it was complete")
    }
  }

  /// Takes JSON, no type at all, and what `curl -d` declares by itself.
  ///
  /// A page of another origin can send the last one without asking. Browsers say where such a request comes from, so it
  /// is taken only when nothing was said: an old browser that names no origin still names the page.
  private static func checkContentType(_ headers: HTTPFields) throws {
    guard let field = headers[.contentType] else { return }
    let type = field.prefix { $0 != ";" }.trimmingSuffix().lowercased()
    switch type {
    case "application/json": return
    case "application/x-www-form-urlencoded"
    where headers[.origin] == nil && headers[.secFetchSite] == nil && headers[.referer] == nil:
      return
    default:
      if type.hasPrefix("application/"), type.hasSuffix("+json") { return }
      throw AgentProblem(
        .unsupportedMediaType, .unsupportedMediaType,
        "the body must be JSON, and is declared to be something else: send Content-Type: application/json "
          + "(curl -H 'Content-Type: application/json')", field: "Content-Type")
    }
  }
}

extension Substring {
  fileprivate func trimmingSuffix() -> Substring {
    var trimmed = self
    while trimmed.last == " " || trimmed.last == "\t" { trimmed.removeLast() }
    return trimmed
  }
}
