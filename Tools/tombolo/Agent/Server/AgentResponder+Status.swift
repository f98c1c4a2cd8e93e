import HTTPTypes
import Hummingbird
import NIOCore
import TomboloNetwork
import TomboloPorts
import TomboloQueue

extension AgentResponder {
  /// `GET /v1/status`.
  func status(_ request: Request) async throws -> Response {
    try Self.json(
      WireStatus(
        network: WireNetworkStatus(parts.network.status), queue: describe(try await parts.queue.status()),
        storage: parts.storage))
  }

  /// `GET /metrics`.
  func metrics(_ request: Request) async throws -> Response {
    let text = MetricsText(
      queue: describe(try await parts.queue.status()), network: parts.network.status.condition,
      summary: parts.worker.summary, startedAt: startedAt)
    let fields: HTTPFields = [
      .contentType: "text/plain; version=0.0.4; charset=utf-8", .cacheControl: "no-store",
      .xContentTypeOptions: "nosniff",
    ]
    return Response(status: .ok, headers: fields, body: ResponseBody(byteBuffer: ByteBuffer(string: text.description)))
  }
}
