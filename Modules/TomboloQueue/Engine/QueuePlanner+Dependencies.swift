import TomboloPorts
import TomboloStorage

/// Waiting for other operations, whatever their keys.
///
/// An operation can only name others that were enqueued before it, and one that others wait for is never replaced by a newer
/// one; so whoever waits is younger than what it waits for, and no two can wait for each other.
extension QueuePlanner {
  /// The most operations that may wait for one: letting them go is part of the commit that settles it.
  static let dependentCountMaximum = 256

  /// The identifiers that `references` name, each once.
  func resolve(_ references: [OperationReference], behind earlier: [EnqueueReceipt]) throws -> [OperationID] {
    var ids: [OperationID] = []
    for reference in references {
      let id: OperationID
      switch reference {
      case .operation(let named): id = named
      case .inBatch(let index):
        guard earlier.indices.contains(index) else {
          throw QueueError(
            .invalidOperation,
            "it is to wait for operation \(index) of its batch, which does not come before it: they could wait for each "
              + "other for ever; put what is waited for first", field: "after")
        }
        id = earlier[index].id
      }
      if !ids.contains(id) { ids.append(id) }
    }
    return ids
  }

  /// Has `id` wait for those of `after` that are not gone, and answers whether there are any.
  mutating func depend(_ id: OperationID, _ operation: NewOperation, on after: [OperationID]) throws -> Bool {
    let awaited = try after.filter { try isThere($0) }
    guard !awaited.isEmpty else { return false }
    for other in awaited {
      guard try dependents(on: other).count < Self.dependentCountMaximum else {
        throw QueueError(
          .invalidOperation,
          "\(Self.dependentCountMaximum) operations wait for \(other) already, which is the most: wait for one of those "
            + "instead, or give all of them one ordering key", field: "after")
      }
      view.put(QueueLayout.dependency(of: id, on: other), [])
    }
    counts.dependencies += awaited.count
    let record = DependentRecord(
      remainingCount: awaited.count, priority: operation.priority, notBefore: operation.notBefore,
      orderingKey: operation.lineKey)
    view.put(QueueLayout.dependent(id), record.encoded())
    try lift(awaited, to: operation.priority)
    return true
  }

  mutating func hasDependents(_ id: OperationID) throws -> Bool {
    try counts.dependencies > 0 && !dependents(on: id).isEmpty
  }

  /// Lets those go that wait for `id`, now that it is gone.
  mutating func releaseDependents(on id: OperationID) throws {
    guard counts.dependencies > 0 else { return }
    for dependent in try dependents(on: id) {
      view.delete(QueueLayout.dependency(of: dependent, on: id))
      counts.dependencies -= 1
      guard var record = try dependentRecord(dependent) else { continue }
      record.remainingCount -= 1
      if record.remainingCount > 0 {
        view.put(QueueLayout.dependent(dependent), record.encoded())
      } else {
        view.delete(QueueLayout.dependent(dependent))
        try letGo(dependent, record)
      }
    }
  }

  /// Takes away what is noted about those that `operation` waits for, since it is going itself.
  mutating func forgetDependencies(of operation: SyncOperation) throws {
    guard !operation.after.isEmpty else { return }
    let edges = operation.after.map { QueueLayout.dependency(of: operation.id, on: $0) }
    for edge in edges { view.expect(edge) }
    view.expect(QueueLayout.dependent(operation.id))
    guard view.isComplete else { throw PlanView.Unread() }
    for edge in edges where try view.get(edge) != nil {
      view.delete(edge)
      counts.dependencies -= 1
    }
    if try view.get(QueueLayout.dependent(operation.id)) != nil { view.delete(QueueLayout.dependent(operation.id)) }
  }

  /// Whether it still waits for others.
  mutating func isDependent(_ id: OperationID) throws -> Bool {
    try view.get(QueueLayout.dependent(id)) != nil
  }

  mutating func dependents(on id: OperationID) throws -> [OperationID] {
    try view.all(in: QueueLayout.dependents(on: id)).compactMap { QueueLayout.trailingID($0.key) }
  }

  /// What is noted of a waiting operation; when those bytes are damaged, it is let go as the operation itself says.
  mutating func dependentRecord(_ id: OperationID) throws -> DependentRecord? {
    guard let value = try view.get(QueueLayout.dependent(id)) else { return nil }
    do {
      return try DependentRecord(value)
    } catch {
      let operation = try readable { try $0.operation(id) }?.operation
      return DependentRecord(
        remainingCount: 1, priority: operation?.priority ?? .normal, notBefore: operation?.notBefore,
        orderingKey: operation.flatMap { OrderingKey(of: $0) })
    }
  }

  private mutating func letGo(_ id: OperationID, _ record: DependentRecord) throws {
    let wait = WaitRecord(priority: record.priority, orderingKey: record.orderingKey, isRetrying: false)
    if let orderingKey = record.orderingKey {
      guard var line = try line(orderingKey), line.head == id, line.place == .dependent else { return }
      line.place = startingPlace(priority: line.inheritedPriority, notBefore: record.notBefore)
      place(id, at: line.place, wait)
      view.put(QueueLayout.orderingKey(orderingKey), line.encoded())
    } else {
      place(id, at: startingPlace(priority: record.priority, notBefore: record.notBefore), wait)
    }
    counts.move(from: .blocked, to: .pending)
  }
}
