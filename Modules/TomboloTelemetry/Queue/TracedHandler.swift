#if Tracing
  public import TomboloPorts
  public import Tracing

  /// Makes every attempt a span of the trace in which its operation was enqueued, however long ago.
  ///
  ///     var configuration = QueueConfiguration()
  ///     configuration.headersAtEnqueue = OperationTrace.headers()
  ///     …
  ///     let worker = SyncWorker(queue: queue, handler: TracedHandler(handler))
  ///
  /// The span is named after the operation's kind. The handler gets the span's context: in the task, and in the operation's headers
  /// for the outside. Nothing of a payload is written into the span.
  public struct TracedHandler: OperationHandler {
    private let base: any OperationHandler
    private let tracer: any Tracer

    public init(_ base: any OperationHandler, tracer: any Tracer = InstrumentationSystem.tracer) {
      self.base = base
      self.tracer = tracer
    }

    public var upstream: String { base.upstream }
    public func upstream(for operation: SyncOperation) -> String { base.upstream(for: operation) }

    public func deliver(_ operation: SyncOperation, attempt: DeliveryAttempt) async throws -> DeliveryOutcome {
      var context = ServiceContext.topLevel
      tracer.extract(operation.headers, into: &context, using: HeaderCarrier())
      let span = tracer.startAnySpan("deliver \(operation.kind)", context: context, ofKind: .producer)
      defer { span.end() }
      span.attributes["tombolo.operation.id"] = operation.id.description
      span.attributes["tombolo.attempt"] = attempt.number
      var carried = operation
      tracer.inject(span.context, into: &carried.headers, using: HeaderCarrier())
      return try await ServiceContext.withValue(span.context) {
        do {
          let outcome = try await base.deliver(carried, attempt: attempt)
          span.attributes["tombolo.outcome"] = outcome.telemetryName
          if let failure = outcome.failure { span.setStatus(SpanStatus(code: .error, message: failure.message)) }
          return outcome
        } catch {
          span.recordError(error)
          span.setStatus(SpanStatus(code: .error))
          throw error
        }
      }
    }
  }

  extension DeliveryOutcome {
    fileprivate var telemetryName: String {
      switch self {
      case .delivered: "delivered"
      case .retry: "retry"
      case .snooze: "snooze"
      case .suspend: "suspend"
      case .conflict: "conflict"
      case .reject: "reject"
      case .park: "park"
      }
    }

    fileprivate var failure: DeliveryFailure? {
      switch self {
      case .delivered, .snooze, .conflict: nil
      case .retry(_, let failure), .suspend(_, let failure), .reject(let failure), .park(let failure): failure
      }
    }
  }
#endif
