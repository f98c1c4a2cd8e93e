import GRPCDelivery
import GRPCUpstream
import TomboloPorts

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

extension SyncOperation {
  static func sample(
    kind: String = "orders.place", orderingKey: String? = nil, idempotencyKey: String? = nil,
    headers: [OperationHeader] = [], payload: String = #"{"amount":42}"#
  ) -> SyncOperation {
    SyncOperation(
      id: OperationID(high: 0x0192_0000_0000_7000, low: 0x8000_0000_0000_0001), kind: kind, version: 3, priority: .high,
      orderingKey: orderingKey, idempotencyKey: idempotencyKey,
      enqueuedAt: Timestamp(millisecondsSinceEpoch: 784_111_777_000), headers: headers, payload: Array(payload.utf8))
  }
}

extension DeliveryOutcome {
  /// Its name, and the code of its failure: `retry unreachable`.
  var label: String {
    switch self {
    case .delivered: "delivered"
    case .retry(_, let failure): "retry \(failure.code)"
    case .snooze(_, let failure): "snooze \(failure.code)"
    case .suspend(_, let failure): "suspend \(failure.code)"
    case .conflict: "conflict"
    case .reject(let failure): "reject \(failure.code)"
    case .park(let failure): "park \(failure.code)"
    }
  }

  var message: String {
    switch self {
    case .delivered: ""
    case .retry(_, let failure), .snooze(_, let failure), .suspend(_, let failure): failure.message
    case .conflict(let remote): remote.detail
    case .reject(let failure), .park(let failure): failure.message
    }
  }

  /// The wait it asks for.
  var pause: Duration? {
    switch self {
    case .retry(let after, _): after
    case .snooze(let pause, _), .suspend(let pause, _): pause
    case .delivered, .conflict, .reject, .park: nil
    }
  }

  var remote: RemoteVersion? {
    if case .conflict(let remote) = self { remote } else { nil }
  }
}
