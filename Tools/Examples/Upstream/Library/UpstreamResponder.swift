import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import ServiceLifecycle

/// What a request comes with besides itself: its connection.
struct UpstreamContext: InitializableFromSource {
  let channel: any Channel

  init(source: ApplicationRequestContextSource) {
    channel = source.channel
  }
}

/// Answers the requests of an `UpstreamServer`: operations here, questions in `UpstreamResponder+Reports`.
struct UpstreamResponder: HTTPResponder {
  /// How much of a request's body is taken; how much of it is remembered.
  private static let bodyBytesMaximum = 64 << 20
  private static let bodyBytesRemembered = 1_024

  let memory: UpstreamMemory
  let observe: @Sendable (UpstreamEvent) -> Void

  func respond(to request: Request, context: UpstreamContext) async throws -> Response {
    switch (request.method, request.uri.path) {
    case (.get, _), (.head, _), (_, "/behaviour"): return try await report(request)
    case (.post, _), (.put, _), (.patch, _), (.delete, _): return try await receive(request, context)
    default: return Response(status: .methodNotAllowed)
    }
  }

  private func receive(_ request: Request, _ context: UpstreamContext) async throws -> Response {
    let path = String(request.uri.path.dropFirst())
    let kind = path.removingPercentEncoding ?? path
    guard let behaviour = memory.begin(kind: kind) else {
      return json(["status": try await accept(request, kind: kind, context).rawValue])
    }
    switch behaviour.mode {
    case .status:
      tell(request, kind, "answers \(behaviour.status)")
      return Self.response(behaviour)
    case .delay:
      tell(request, kind, "waits \(behaviour.milliseconds) ms")
      try await Self.wait(.milliseconds(behaviour.milliseconds))
      return json(["status": try await accept(request, kind: kind, context).rawValue])
    case .hang:
      tell(request, kind, "hangs")
      // Ends when the sender goes away or the server stops; nobody waits for this answer.
      return try await request.body.consumeWithCancellationOnInboundClose { _ in
        while true { try await Self.wait(.seconds(3_600)) }
      }
    case .reset:
      tell(request, kind, "breaks the connection")
      return try await Self.reset(context.channel)
    case .acceptThenReset:
      _ = try await accept(request, kind: kind, context)
      tell(request, kind, "breaks the connection")
      return try await Self.reset(context.channel)
    }
  }

  private func accept(
    _ request: Request, kind: String, _ context: UpstreamContext
  ) async throws -> UpstreamMemory.Acceptance {
    let body = try await request.body.collect(upTo: Self.bodyBytesMaximum)
    let acceptance = memory.accept(
      ReceivedOperation(
        sequence: 0,
        method: request.method.rawValue,
        kind: kind,
        orderingKey: Self.field(request, "Tombolo-Ordering-Key"),
        idempotencyKey: Self.field(request, "Idempotency-Key"),
        operationID: Self.field(request, "Tombolo-Operation-Id"),
        attempt: Self.field(request, "Tombolo-Attempt").flatMap { Int($0) },
        priority: Self.field(request, "Tombolo-Priority"),
        headers: request.headers.map { ReceivedOperation.Field(name: $0.name.rawName, value: $0.value) },
        body: String(validating: body.readableBytesView.prefix(Self.bodyBytesRemembered), as: UTF8.self),
        byteCount: body.readableBytes,
        clientPort: context.channel.remoteAddress?.port,
        receivedAtMilliseconds: Int64(Date().timeIntervalSince1970 * 1_000),
        repeats: 0))
    tell(request, kind, acceptance.rawValue)
    return acceptance
  }

  private func tell(_ request: Request, _ kind: String, _ reaction: String) {
    observe(
      UpstreamEvent(
        method: request.method.rawValue, kind: kind, idempotencyKey: Self.field(request, "Idempotency-Key"),
        attempt: Self.field(request, "Tombolo-Attempt").flatMap { Int($0) }, reaction: reaction))
  }

  private static func field(_ request: Request, _ name: String) -> String? {
    HTTPField.Name(name).flatMap { request.headers[$0] }
  }

  private static func response(_ behaviour: UpstreamBehaviour) -> Response {
    var fields = HTTPFields()
    if let seconds = behaviour.retryAfter { fields[.retryAfter] = String(seconds) }
    for (name, value) in behaviour.headers {
      if let name = HTTPField.Name(name) { fields[name] = value }
    }
    return Response(
      status: HTTPResponse.Status(code: behaviour.status), headers: fields,
      body: ResponseBody(byteBuffer: ByteBuffer(string: behaviour.body)))
  }

  private static func wait(_ duration: Duration) async throws {
    try await cancelWhenGracefulShutdown { try await ContinuousClock().sleep(for: duration) }
  }
}
