import TomboloAgent
import TomboloPorts

/// Operations that are gone, one a line, as `tombolo history` tells of them.
struct HistoryText: CustomStringConvertible {
  let operations: [WireSettledOperation]
  /// Whether there are more than were asked for.
  let hasMore: Bool
  /// Whether the configuration keeps anything.
  let isKept: Bool
  let clock: WallClock

  var description: String {
    guard !operations.isEmpty else {
      return isKept
        ? "no operation fits"
        : "nothing is kept of operations that are gone: set queue.history to how long it should be"
    }
    let header = ["ID", "ENDED", "WHEN", "ATTEMPTS", "KIND", "WHY"]
    let rows = operations.map { operation in
      [
        operation.id, operation.state, clock.ago(operation.endedAt.timestamp), "\(operation.attempts)",
        SafeText.line(operation.kind, limit: 40), Self.reason(operation),
      ]
    }
    let text = Columns.text([header] + rows)
    return hasMore ? "\(text)\nthe newest \(operations.count); there are more: --limit N" : text
  }

  private static func reason(_ operation: WireSettledOperation) -> String {
    if let other = operation.supersededBy { return "by \(other)" }
    return operation.detail.map { SafeText.line($0, limit: 80) } ?? "-"
  }

  /// One of them, as `tombolo show` tells of it.
  static func one(_ operation: WireSettledOperation, clock: WallClock) -> String {
    var rows = [
      ["id", operation.id], ["kind", SafeText.line(operation.kind)], ["state", operation.state],
      ["enqueued", clock.ago(operation.enqueuedAt.timestamp)], ["ended", clock.ago(operation.endedAt.timestamp)],
      ["attempts", OperationText.attempts(operation.attempts)],
    ]
    if let other = operation.supersededBy { rows.append(["superseded by", other]) }
    if let detail = operation.detail { rows.append(["why", SafeText.line(detail, limit: 200)]) }
    return Columns.text(rows)
  }
}
