import TomboloAgent
import TomboloPorts

/// Several operations, one a line, as `tombolo list` tells of them.
struct OperationListText: CustomStringConvertible {
  let operations: [WireOperation]
  /// Whether there are more than were asked for.
  let hasMore: Bool
  /// Whether only some were asked for.
  let isFiltered: Bool
  let clock: WallClock

  var description: String {
    guard !operations.isEmpty else {
      return isFiltered ? "no operation fits" : "there are no operations: everything is settled"
    }
    let header = ["ID", "STATE", "ATTEMPTS", "AGE", "PRIORITY", "KIND", "KEY", "NEXT"]
    let rows = operations.map { operation in
      [
        operation.id, StateWords.text(operation.state), "\(operation.attempts)",
        clock.age(operation.enqueuedAt.timestamp), operation.priority, SafeText.line(operation.kind, limit: 40),
        operation.orderingKey.map { SafeText.line($0, limit: 40) } ?? "-", next(operation),
      ]
    }
    let text = Columns.text([header] + rows)
    return hasMore ? "\(text)\nthe oldest \(operations.count); there are more: --limit N" : text
  }

  private func next(_ operation: WireOperation) -> String {
    if let due = operation.nextDueAt { return clock.until(due.timestamp) }
    switch operation.state {
    case OperationState.parked.rawValue, OperationState.deadLettered.rawValue:
      return SafeText.line(operation.lastError?.message ?? "waits for a person", limit: 60)
    case OperationState.blocked.rawValue:
      return operation.behind.map { "after \($0)" } ?? "after another of its key"
    default:
      return SafeText.line(operation.waitingReason ?? "", limit: 60)
    }
  }
}
