public import TomboloPorts
public import TomboloQueue

/// What a program hangs onto a system to see what it does: for metrics and traces, without a word of either here.
///
/// `TomboloTelemetry` has what fits: `QueueMetrics` is a listener, `OperationTrace.headers` gives headers, `TracedHandler` goes around.
public struct SystemObservation: Sendable {
  /// Hear everything that happens in the queue.
  public var listeners: [any QueueListener]
  /// Header fields that each operation gets from the task that enqueues it.
  public var headersAtEnqueue: (@Sendable () -> [OperationHeader])?
  /// Makes of the delivery one that is seen; the same one by default.
  public var around: @Sendable (any OperationHandler) -> any OperationHandler

  /// Sees nothing, unless told otherwise.
  public init(
    listeners: [any QueueListener] = [], headersAtEnqueue: (@Sendable () -> [OperationHeader])? = nil,
    around: @escaping @Sendable (any OperationHandler) -> any OperationHandler = { $0 }
  ) {
    self.listeners = listeners
    self.headersAtEnqueue = headersAtEnqueue
    self.around = around
  }
}
