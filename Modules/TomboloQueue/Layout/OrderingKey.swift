import TomboloPorts

/// The ordering key that is in force for an operation: its own, or one made of its coalescing key, so that the operation
/// that follows one being delivered does not overtake it.
struct OrderingKey: Hashable, Sendable {
  /// How it stands in keys of the store.
  let stored: String

  init(stored: String) {
    self.stored = stored
  }

  init?(of operation: borrowing SyncOperation) {
    self.init(
      orderingKey: operation.orderingKey, coalescingKey: operation.coalescingKey, namespace: operation.namespace)
  }

  init?(orderingKey: String?, coalescingKey: String?, namespace: String? = nil) {
    if let orderingKey {
      stored = "o" + QueueLayout.name(orderingKey, in: namespace)
    } else if let coalescingKey {
      stored = "c" + QueueLayout.name(coalescingKey, in: namespace)
    } else {
      return nil
    }
  }
}
