public import TomboloPorts

/// A handler that meets faults as a pattern says, and notes when it was called, so that backoff can be verified.
///
///     let mock = NetworkFaultMock(.first(3, .refused), time: time)
///     let worker = SyncWorker(queue: queue, handler: mock)
///     …
///     #expect(mock.records.intervals == [.seconds(1), .seconds(2), .seconds(4)])
///
/// | fault | answer |
/// |---|---|
/// | `none`, `latency` | what `base` answers, at once or later |
/// | `refused` | retry, `unreachable` |
/// | `halfOpen` | none, until its task is cancelled |
/// | `truncated` | `base` is called, and its answer lost: retry, `unreachable` |
/// | `status` | retry: `throttled` for 429 and 503, `upstreamFailed` for others |
///
/// For real sockets there is `NetworkFaultProxy`.
public final class NetworkFaultMock: OperationHandler {
  public let upstream: String
  private let base: any OperationHandler
  private let time: any TimeSource
  private let book: NetworkFaultBook

  /// - Parameters:
  ///   - base: answers what goes through; by default `delivered`.
  ///   - seed: decides what a pattern leaves to chance.
  public init(
    _ pattern: NetworkFaultPattern, base: any OperationHandler = RecordingHandler(), time: any TimeSource,
    seed: UInt64 = 1
  ) {
    self.base = base
    self.time = time
    upstream = base.upstream
    book = NetworkFaultBook(pattern, seed: seed)
  }

  /// Every call, in the order in which they began.
  public var records: [NetworkFaultRecord] { book.records }

  /// The calls for one operation.
  public func records(of id: OperationID) -> [NetworkFaultRecord] {
    book.records.filter { $0.subject == id.description }
  }

  /// From now on another pattern counts, from its beginning.
  public func setPattern(_ pattern: NetworkFaultPattern) { book.set(pattern) }

  public func upstream(for operation: SyncOperation) -> String { base.upstream(for: operation) }

  public func deliver(_ operation: SyncOperation, attempt: DeliveryAttempt) async throws -> DeliveryOutcome {
    switch book.next(at: time.uptime, subject: operation.id.description, attempt: attempt.number) {
    case .none:
      return try await base.deliver(operation, attempt: attempt)
    case .refused:
      return .retry(after: nil, DeliveryFailure(.unreachable, "the connection was refused on purpose"))
    case .latency(let duration):
      try await time.sleep(for: duration)
      return try await base.deliver(operation, attempt: attempt)
    case .halfOpen:
      // Nothing but cancellation ends it.
      while true { try await time.sleep(for: .seconds(3_600)) }
    case .truncated:
      _ = try await base.deliver(operation, attempt: attempt)
      return .retry(after: nil, DeliveryFailure(.unreachable, "the answer broke off on purpose"))
    case .status(let status):
      let code: DeliveryFailure.Code = status == 429 || status == 503 ? .throttled : .upstreamFailed
      return .retry(after: nil, DeliveryFailure(code, "the status was \(status) on purpose"))
    }
  }
}
