import HTTPTypes
import Hummingbird
import NIOCore
import TomboloNetwork
import TomboloPorts
import TomboloQueue

extension AgentResponder {
  /// `GET /v1/status`.
  func status(_ request: Request) async throws -> Response {
    let status = try await parts.queue.status()
    var storage = parts.storage
    storage.advice = parts.advise(status)
    return try Self.json(
      WireStatus(
        network: WireNetworkStatus(parts.network.status), queue: describe(status), storage: storage,
        resilience: parts.resilience()))
  }

  /// `POST /v1/reload`.
  func reload(_ request: Request) async throws -> Response {
    guard let reload = live.reload else {
      throw AgentProblem(.notFound, .unknownPath, "this agent has no configuration that could be read anew")
    }
    do {
      return try Self.json(try await reload())
    } catch let error as AgentReloadError {
      throw AgentProblem(
        error.isBusy ? .conflict : .unprocessableContent, error.isBusy ? .reloading : .invalidConfiguration,
        "\(error.message). Nothing was changed", isLong: true)
    }
  }

  /// `GET /metrics`.
  func metrics(_ request: Request) async throws -> Response {
    let text = MetricsText(
      queue: describe(try await parts.queue.status()), network: parts.network.status.condition,
      summary: parts.worker.summary, startedAt: startedAt, resilience: parts.resilience())
    let fields: HTTPFields = [
      .contentType: "text/plain; version=0.0.4; charset=utf-8", .cacheControl: "no-store",
      .xContentTypeOptions: "nosniff",
    ]
    return Response(status: .ok, headers: fields, body: ResponseBody(byteBuffer: ByteBuffer(string: text.description)))
  }
}
