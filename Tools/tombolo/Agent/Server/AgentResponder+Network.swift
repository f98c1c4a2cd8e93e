import HTTPTypes
import Hummingbird
import NIOCore
import ServiceLifecycle
import TomboloNetwork
import TomboloPorts
import TomboloQueue

extension AgentResponder {
  /// So often the present status is told again to whoever follows the changes: a connection that is gone shows only when
  /// something is sent over it.
  private static let repeatInterval = Duration.seconds(15)

  /// `GET /v1/network`.
  func network(_ request: Request) async throws -> Response {
    try Self.json(WireNetworkStatus(parts.network.status))
  }

  /// `PUT /v1/network`.
  func setNetwork(_ request: Request) async throws -> Response {
    let wanted = try NetworkOverrideRequest(try await body(of: request))
    parts.network.setOverride(wanted.override)
    return try Self.json(WireNetworkStatus(parts.network.status))
  }

  /// `GET /v1/network/changes`: one JSON object a line, the present status first, until the agent stops.
  func networkChanges(_ request: Request) async throws -> Response {
    let fields: HTTPFields = [
      .contentType: "application/x-ndjson", .cacheControl: "no-store", .xContentTypeOptions: "nosniff",
    ]
    let (network, time) = (parts.network, parts.queue.time)
    let body = ResponseBody { writer in
      let (statuses, teller) = AsyncStream.makeStream(of: NetworkStatus.self, bufferingPolicy: .bufferingNewest(1))
      try await withGracefulShutdownHandler {
        try await withThrowingTaskGroup(of: Void.self) { group in
          defer { group.cancelAll() }
          group.addTask { for await status in network.statuses() { teller.yield(status) } }
          group.addTask {
            while true {
              try await time.sleep(for: Self.repeatInterval)
              teller.yield(network.status)
            }
          }
          for await status in statuses {
            let line = try Self.encode(WireNetworkStatus(status)) + [UInt8(ascii: "\n")]
            try await writer.write(ByteBuffer(bytes: line))
          }
        }
      } onGracefulShutdown: {
        teller.finish()
      }
      try await writer.finish(nil)
    }
    return Response(status: .ok, headers: fields, body: body)
  }
}
