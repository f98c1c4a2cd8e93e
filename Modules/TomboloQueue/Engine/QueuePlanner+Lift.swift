import TomboloPorts
import TomboloStorage

/// Priority inheritance across keys: what an urgent operation waits for by `after` becomes as urgent, and so does what that waits
/// for in turn.
extension QueuePlanner {
  /// How many operations one that comes may lift: those beyond keep their place, so that no enqueue costs more than this.
  static let liftCountMaximum = 64

  /// Lifts these operations, and those they wait for.
  mutating func lift(_ ids: [OperationID], to priority: OperationPriority) throws {
    var waiting = ids
    var next = 0
    while next < waiting.count, next < Self.liftCountMaximum {
      let id = waiting[next]
      next += 1
      for other in try lift(id, to: priority) where !waiting.contains(other) { waiting.append(other) }
    }
  }

  /// Lifts one, and answers with those that it waits for.
  private mutating func lift(_ id: OperationID, to priority: OperationPriority) throws -> [OperationID] {
    guard let stored = try readable({ try $0.operation(id) }), priority < stored.operation.priority else { return [] }
    let operation = stored.operation
    // What is being delivered is as urgent as can be; should it fail, `urgency` has it lifted then. A person is not to be hurried.
    guard try !isUnderWay(id), try readable({ try $0.progress(id) })?.held == nil else { return [] }
    try part(stored)
    if let orderingKey = OrderingKey(of: operation) { return try lift(operation, in: orderingKey, to: priority) }
    return try liftAlone(operation, to: priority)
  }

  /// In a line the head carries the urgency of all behind it.
  private mutating func lift(
    _ operation: SyncOperation, in orderingKey: OrderingKey, to priority: OperationPriority
  ) throws -> [OperationID] {
    let own = QueueLayout.inLine(orderingKey, operation.id)
    guard var line = try line(orderingKey), let value = try view.get(own) else { return [] }
    var record = try lineRecord(value, operation.id)
    guard priority < record.priority else { return [] }
    line.countByPriority[Int(record.priority.rawValue)] = max(
      0, line.countByPriority[Int(record.priority.rawValue)] - 1)
    line.countByPriority[Int(priority.rawValue)] += 1
    line.hasLifted = true
    record.priority = priority
    view.put(own, record.encoded())
    inherit(&line, orderingKey)
    view.put(QueueLayout.orderingKey(orderingKey), line.encoded())
    var others = try awaited(by: operation)
    if line.head != operation.id, line.place == .dependent { others += try awaited(byHeadOf: line) }
    return others
  }

  private mutating func liftAlone(
    _ operation: SyncOperation, to priority: OperationPriority
  ) throws -> [OperationID] {
    let id = operation.id
    let stored = StoredOperation(operation: operation, hasOwnIdempotencyKey: false)
    let place = try place(of: stored, try readable { try $0.progress(id) })
    let wait = WaitRecord(priority: priority, orderingKey: nil, isRetrying: false)
    switch place {
    case .ready(let present):
      guard priority < present else { return [] }
      unplace(id, from: place)
      self.place(id, at: .ready(priority), wait)
    case .aside(let scope, let present):
      guard priority < present else { return [] }
      unplace(id, from: place)
      self.place(id, at: .aside(scope, priority), wait)
    case .scheduled, .retrying:
      guard let value = try view.get(place.key(id)), var record = try readable({ _ in try WaitRecord(value) }),
        priority < record.priority
      else { return [] }
      record.priority = priority
      view.put(place.key(id), record.encoded())
    case .dependent:
      guard let value = try view.get(QueueLayout.dependent(id)),
        var record = try readable({ _ in try DependentRecord(value) }), priority < record.priority
      else { return [] }
      record.priority = priority
      view.put(QueueLayout.dependent(id), record.encoded())
      return try awaited(by: operation)
    case .held, .leased: break
    }
    return []
  }

  /// Those that the head of a line waits for, so that who stands behind it can lift them.
  mutating func awaited(byHeadOf line: OrderingKeyRecord) throws -> [OperationID] {
    guard let head = try readable({ try $0.operation(line.head) })?.operation else { return [] }
    return try awaited(by: head)
  }

  private mutating func awaited(by operation: SyncOperation) throws -> [OperationID] {
    try operation.after.filter { try view.get(QueueLayout.dependency(of: operation.id, on: $0)) != nil }
  }

  /// How urgent an operation without an ordering key is that goes back in line: as much as the most urgent that waits for it.
  mutating func urgency(of operation: SyncOperation) throws -> OperationPriority {
    guard counts.dependencies > 0, OrderingKey(of: operation) == nil else { return operation.priority }
    var urgency = operation.priority
    for id in try dependents(on: operation.id) {
      if let record = try dependentRecord(id) { urgency = min(urgency, record.priority) }
    }
    return urgency
  }
}
