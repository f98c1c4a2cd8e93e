import TomboloPorts
import TomboloStorage

/// Making records anew from others when their own bytes are damaged.
extension QueuePlanner {
  /// The record of a line, from those that stand in it; `nil` when nobody does. Costs as much as the line is long.
  mutating func mendLine(_ orderingKey: OrderingKey) throws -> OrderingKeyRecord? {
    var members: [(id: OperationID, record: LineRecord)] = []
    for (key, value) in try view.all(in: QueueLayout.lineRange(orderingKey)) {
      guard let id = QueueLayout.trailingID(key) else { continue }
      members.append((id, try lineRecord(value, id)))
    }
    guard let first = members.first else {
      view.delete(QueueLayout.orderingKey(orderingKey))
      return nil
    }
    var line = OrderingKeyRecord(
      head: first.id, place: startingPlace(priority: first.record.priority, notBefore: first.record.notBefore))
    // They may have been lifted: what they stand in line with is what counts.
    line.hasLifted = true
    for member in members { line.countByPriority[Int(member.record.priority.rawValue)] += 1 }
    if first.record.hasDependencies, try isDependent(first.id) { line.place = .dependent }
    // Only the head of a line has an index entry.
    for member in members {
      guard let place = try indexedPlace(of: member.id, member.record) else { continue }
      line.head = member.id
      line.place = place
      break
    }
    view.put(QueueLayout.orderingKey(orderingKey), line.encoded())
    return line
  }

  /// Where the entry of an operation that was set aside is, by looking through all of those.
  mutating func asidePlace(of id: OperationID) throws -> HeadPlace? {
    for (key, _) in try view.all(in: QueueLayout.aside) where QueueLayout.trailingID(key) == id {
      guard let scope = QueueLayout.asideScope(key), key.bytes.count > 17,
        let priority = OperationPriority(rawValue: key.bytes[key.bytes.count - 17])
      else { continue }
      return .aside(scope, priority)
    }
    return nil
  }

  /// Where the index entry of an operation is, by looking.
  private mutating func indexedPlace(of id: OperationID, _ record: LineRecord) throws -> HeadPlace? {
    for priority in OperationPriority.allCases { view.expect(QueueLayout.ready(priority, id)) }
    view.expect(QueueLayout.progress(id))
    for priority in OperationPriority.allCases where try view.get(QueueLayout.ready(priority, id)) != nil {
      return .ready(priority)
    }
    let progress = try readable { try $0.progress(id) }
    var places: [HeadPlace] = []
    if let notBefore = record.notBefore { places.append(.scheduled(notBefore)) }
    if let due = progress?.dueAt { places.append(.retrying(due)) }
    if let held = progress?.held { places.append(.held(held)) }
    if let value = try view.get(QueueLayout.lease(id)), let lease = try readable({ _ in try LeaseRecord(value) }) {
      places.append(.leased(until: lease.until))
    }
    if let found = try places.first(where: { try view.get($0.key(id)) != nil }) { return found }
    return try asidePlace(of: id)
  }
}
