import TomboloPorts
import TomboloStorage

/// What is ready but must not be delivered now stands aside, so that a claim does not meet it again and again: it is moved
/// once, when it is met, and once more when it may go on.
extension QueuePlanner {
  mutating func setAside(_ operations: [ClaimedOperation], _ scope: AsideScope) throws {
    if isShared {
      for claimed in operations {
        view.expect(QueueLayout.ready(claimed.readyPriority, claimed.id))
        if claimed.stored.single != nil { view.expect(QueueLayout.single(claimed.id)) }
      }
      guard view.isComplete else { throw PlanView.Unread() }
    }
    for claimed in operations { try setAside(claimed, scope) }
  }

  private mutating func setAside(_ claimed: ClaimedOperation, _ scope: AsideScope) throws {
    let id = claimed.id
    let priority = claimed.orderingKey == nil ? claimed.readyPriority : claimed.operation.priority
    try part(claimed.stored)
    if isShared, try view.get(QueueLayout.ready(claimed.readyPriority, id)) == nil {
      // Another process was quicker to take it.
      effects.append(.finished(id))
      return
    }
    let wait = WaitRecord(priority: priority, orderingKey: claimed.orderingKey, isRetrying: false)
    try moveHead(
      id, claimed.orderingKey, from: .ready(claimed.readyPriority), to: .aside(scope, priority), wait)
    effects.append(.finished(id))
  }

  mutating func bringBack(_ scope: AsideScope, limit: Int) throws -> QueueAnswer {
    let range = QueueLayout.asideRange(scope)
    let records = try view.stored(in: range, limit: limit)
    for record in records where !view.isDeleted(record.key) { try promote(record) }
    if records.count < limit, try view.first(in: range, excluding: range.lower) == nil {
      effects.append(.asideEmpty(scope))
    }
    return .promoted(count: records.count)
  }
}
