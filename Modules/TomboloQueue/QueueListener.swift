/// Hears everything that happens in a queue, for counting: unlike a reader of `SyncQueue.events` it misses nothing.
///
/// `receive` is called in the order in which things became durable, in the middle of the queue's work: it must return at once, wait
/// for nothing and not call the queue.
public protocol QueueListener: Sendable {
  func receive(_ event: QueueEvent)
}

extension SyncQueue {
  /// Has `listener` hear everything from now on, as long as the queue lives.
  public func add(_ listener: any QueueListener) {
    broadcast.add { events in for event in events { listener.receive(event) } }
  }
}
