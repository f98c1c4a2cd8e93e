import ExampleUpstream
import HTTPDelivery
import TomboloPorts
import TomboloTesting

/// A delivery and the upstream it delivers to, over a real socket.
struct DeliveryHarness: Sendable {
  let delivery: HTTPDelivery
  let memory: UpstreamMemory
  let events: AsyncStream<UpstreamEvent>
  let port: Int

  /// Runs both for as long as `body` does.
  static func run(
    now: Timestamp = FixedTime.standard, configure: (inout HTTPDeliveryConfiguration) -> Void = { _ in },
    body: (DeliveryHarness) async throws -> Void
  ) async throws {
    let (events, continuation) = AsyncStream.makeStream(of: UpstreamEvent.self)
    let server = UpstreamServer { continuation.yield($0) }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await server.run() }
      let port = try await server.boundPort()
      var configuration = HTTPDeliveryConfiguration(baseURL: "http://127.0.0.1:\(port)")
      // Longer than a busy machine holds up any of the threads; what is about a limit sets its own.
      configuration.timeout = .seconds(120)
      configuration.connectTimeout = .seconds(60)
      configure(&configuration)
      let delivery = try HTTPDelivery(configuration, time: FixedTime(now: now))
      let harness = DeliveryHarness(delivery: delivery, memory: server.memory, events: events, port: port)
      let result: Result<Void, any Error>
      do { result = .success(try await body(harness)) } catch { result = .failure(error) }
      try await delivery.close()
      await server.stop()
      try await group.waitForAll()
      try result.get()
    }
  }

  func deliver(_ operation: SyncOperation = .sample(), attempt: Int = 1) async throws -> DeliveryOutcome {
    try await delivery.deliver(operation, attempt: DeliveryAttempt(number: attempt))
  }
}

/// A wall clock that stands still.
struct FixedTime: TimeSource {
  /// 1994-11-06 08:49:37 UTC, the moment of the examples in RFC 9110.
  static let standard = Timestamp(millisecondsSinceEpoch: 784_111_777_000)

  var now = standard
  var uptime: Duration { .zero }
  func sleep(for duration: Duration) async throws {}
}
