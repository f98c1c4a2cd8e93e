/// A configuration that many hold at once: it is large, and handing on an object copies nothing of it.
final class SharedConfiguration: Sendable {
  let values: QueueConfiguration

  init(_ values: QueueConfiguration) {
    self.values = values
  }
}
