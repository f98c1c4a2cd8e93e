#if Tracing
  public import TomboloPorts
  public import Tracing

  /// The trace of whoever enqueued an operation, kept in the operation's headers: it survives restarts, and travels with the
  /// operation to the outside.
  public enum OperationTrace {
    /// For `QueueConfiguration.headersAtEnqueue`: the headers that carry the context of the task that enqueues, such as
    /// `traceparent`. Without a context there are none.
    public static func headers(
      _ tracer: any Tracer = InstrumentationSystem.tracer
    ) -> @Sendable () -> [OperationHeader] {
      {
        guard let context = ServiceContext.current else { return [] }
        var headers: [OperationHeader] = []
        tracer.inject(context, into: &headers, using: HeaderCarrier())
        return headers
      }
    }
  }

  /// Reads and writes a context in headers. Names are compared without regard to case, as HTTP does.
  struct HeaderCarrier: Injector, Extractor {
    func inject(_ value: String, forKey key: String, into carrier: inout [OperationHeader]) {
      carrier.removeAll { $0.name.lowercased() == key.lowercased() }
      carrier.append(OperationHeader(name: key, value: value))
    }

    func extract(key: String, from carrier: [OperationHeader]) -> String? {
      carrier.first { $0.name.lowercased() == key.lowercased() }?.value
    }
  }
#endif
