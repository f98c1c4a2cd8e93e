#if Tracing
  import InMemoryTracing
  import Testing
  import TomboloPorts
  import TomboloQueue
  import TomboloStorage
  import TomboloTelemetry
  import TomboloTesting
  import Tracing

  @Suite("Traces of operations", .timeLimit(.minutes(5)))
  struct TracedHandlerTests {
    @Test("Days later, in another process, an attempt is a span of the trace in which its operation was enqueued")
    func continued() async throws {
      let store = InMemoryStore()
      let time = ManualTimeSource()
      let tracer = InMemoryTracer()
      var configuration = QueueConfiguration()
      configuration.headersAtEnqueue = OperationTrace.headers(tracer)
      let queue = try await SyncQueue.open(store: store, configuration: configuration, time: time)
      let request = tracer.startSpan("request", context: .topLevel, ofKind: .server)
      try await ServiceContext.withValue(request.context) {
        _ = try await queue.enqueue(NewOperation(kind: "notes.put"))
      }
      request.end()
      let untraced = try await queue.enqueue(NewOperation(kind: "other")).id
      #expect(try await queue.snapshot(untraced)?.operation.headers == [])

      time.advance(by: .seconds(3 * 24 * 3_600))
      let later = InMemoryTracer()
      let again = try await SyncQueue.open(store: store, time: time)
      let handler = RecordingHandler { operation, attempt in
        if operation.kind == "notes.put", attempt.number == 1 {
          return .retry(after: nil, DeliveryFailure(.upstreamFailed, "no luck"))
        }
        return .delivered
      }
      let worker = SyncWorker(queue: again, handler: TracedHandler(handler, tracer: later))
      try await worker.drain()
      time.advance(by: .seconds(3_600))
      try await worker.drain()

      let spans = later.finishedSpans.filter { $0.operationName == "deliver notes.put" }
      #expect(spans.count == 2)
      #expect(spans.allSatisfy { $0.traceID == request.traceID && $0.parentSpanID == request.spanID })
      #expect(spans.map { $0.status?.code } == [.error, nil])
      #expect(Set(spans.map(\.spanID)).count == 2)
      // The outside continues the attempt, not the request.
      let sent = handler.calls.filter { $0.operation.kind == "notes.put" }
      #expect(
        sent.map { $0.operation.headers.filter { $0.name == InMemoryTracer.spanIDKey }.map(\.value) }
          == spans.map { [$0.spanID] })
      // One without a trace begins its own.
      let other = later.finishedSpans.filter { $0.operationName == "deliver other" }
      #expect(other.map(\.parentSpanID) == [nil])
    }

    @Test("A header that the operation brings is not replaced when it is enqueued")
    func ownHeader() async throws {
      var configuration = QueueConfiguration()
      configuration.headersAtEnqueue = { [OperationHeader(name: "TraceParent", value: "hook")] }
      let queue = try await SyncQueue.open(store: InMemoryStore(), configuration: configuration)
      let own = OperationHeader(name: "traceparent", value: "own")
      let id = try await queue.enqueue(NewOperation(kind: "test", headers: [own])).id
      #expect(try await queue.snapshot(id)?.operation.headers == [own])
    }
  }
#endif
