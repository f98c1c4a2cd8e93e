/// A configuration that many hold at once: it is large, and handing on an object copies nothing of it.
final class SharedConfiguration: Sendable {
  let values: QueueConfiguration
  /// Of `values`. Apart, because each delivery asks for it, and asking `values` copies all of them.
  let attemptTimeout: Duration

  init(_ values: QueueConfiguration) {
    self.values = values
    attemptTimeout = values.attemptTimeout
  }
}
