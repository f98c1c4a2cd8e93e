import GRPCDelivery
import GRPCUpstream
import TomboloPorts
import TomboloTesting

/// A delivery and the upstream it delivers to, over a real socket.
struct DeliveryHarness: Sendable {
  let delivery: GRPCDelivery
  let service: UpstreamService
  let calls: AsyncStream<ReceivedCall>
  let port: Int

  /// Runs both for as long as `body` does.
  static func run(
    configure: (inout GRPCDeliveryConfiguration) -> Void = { _ in }, body: (DeliveryHarness) async throws -> Void
  ) async throws {
    let (calls, continuation) = AsyncStream.makeStream(of: ReceivedCall.self)
    let service = UpstreamService { continuation.yield($0) }
    let server = UpstreamServer(service)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await server.run() }
      let port = try await server.boundPort()
      var configuration = GRPCDeliveryConfiguration(baseURL: "http://127.0.0.1:\(port)")
      // Longer than a busy machine holds up any of the threads; what is about a limit sets its own.
      configuration.timeout = .seconds(120)
      configuration.connectTimeout = .seconds(60)
      configure(&configuration)
      let delivery = try GRPCDelivery(configuration)
      let result: Result<Void, any Error>
      do {
        result = .success(
          try await body(DeliveryHarness(delivery: delivery, service: service, calls: calls, port: port)))
      } catch { result = .failure(error) }
      try await delivery.close()
      group.cancelAll()
      // What the server says about being cancelled is of no interest here.
      while let end = await group.nextResult() { _ = end }
      try result.get()
    }
  }

  func deliver(_ operation: SyncOperation = .sample(), attempt: Int = 1, replacing: RemoteVersion? = nil) async throws
    -> DeliveryOutcome
  {
    try await delivery.deliver(operation, attempt: DeliveryAttempt(number: attempt, replacing: replacing))
  }
}
