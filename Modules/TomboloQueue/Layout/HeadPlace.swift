import TomboloPorts

/// What an operation is held for; the raw value stands in keys.
enum HeldDisposition: UInt8, Sendable {
  case parked = 0x50
  case deadLettered = 0x44
}

/// Which index an operation's entry is in.
enum HeadPlace: Hashable, Sendable {
  case ready(OperationPriority)
  case scheduled(Timestamp)
  case retrying(Timestamp)
  case held(HeldDisposition)
  /// Ready but for its kind, key or namespace, which does not deliver now.
  case aside(AsideScope, OperationPriority)
  /// Being delivered, on a store that several processes share.
  case leased(until: Timestamp)
  /// It waits for others by `after`; its `DependentRecord` stands for it.
  case dependent

  func key(_ id: OperationID) -> Key {
    switch self {
    case .ready(let priority): QueueLayout.ready(priority, id)
    case .scheduled(let due): QueueLayout.scheduled(due, id)
    case .retrying(let due): QueueLayout.retrying(due, id)
    case .held(let disposition): QueueLayout.held(disposition, id)
    case .aside(let scope, let priority): QueueLayout.aside(scope, priority, id)
    case .leased(let until): QueueLayout.leased(until, id)
    case .dependent: QueueLayout.dependent(id)
    }
  }
}
