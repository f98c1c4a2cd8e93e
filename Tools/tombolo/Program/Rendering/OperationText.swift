import TomboloAgent
import TomboloPorts

/// One operation, as `tombolo show` tells of it.
struct OperationText: CustomStringConvertible {
  /// How much of a payload is shown; `--json` shows all of it.
  static let payloadCharacterLimit = 400

  let document: OperationDocument
  let clock: WallClock

  var description: String {
    let operation = document.operation
    var rows = [
      ["operation", operation.id],
      ["kind", SafeText.line(operation.kind) + (operation.version == 1 ? "" : ", version \(operation.version)")],
      ["state", StateWords.text(operation.state)],
      ["priority", operation.priority],
    ]
    if let key = operation.orderingKey { rows.append(["ordering key", SafeText.line(key)]) }
    if let key = operation.coalescingKey { rows.append(["coalescing key", SafeText.line(key)]) }
    if operation.idempotencyKey != operation.id {
      rows.append(["idempotency key", SafeText.line(operation.idempotencyKey)])
    }
    if let namespace = operation.namespace { rows.append(["namespace", SafeText.line(namespace)]) }
    rows.append(["enqueued", clock.ago(operation.enqueuedAt.timestamp)])
    if let moment = operation.notBefore { rows.append(["not before", clock.until(moment.timestamp)]) }
    if let moment = operation.expiresAt { rows.append(["expires", clock.until(moment.timestamp)]) }
    rows += progress(operation)
    for (name, value) in operation.headers.sorted(by: { $0.key < $1.key }) {
      rows.append(["header", SafeText.line("\(name): \(value)", limit: 200)])
    }
    rows.append(["payload", Self.excerpt(document.payload)])
    if let base = document.base { rows.append(["made on", Self.excerpt(base)]) }
    if let conflict = operation.conflict { rows += ConflictText(conflict: conflict).rows }
    return Columns.text(rows)
  }

  /// What was tried, and what comes next.
  private func progress(_ operation: WireOperation) -> [[String]] {
    var rows = [["attempts", Self.attempts(operation.attempts)]]
    if let failure = operation.lastError {
      let when = failure.at.map { ", \(clock.ago($0.timestamp))" } ?? ""
      rows.append(["last error", SafeText.line(failure.message) + when])
    }
    if let progress = operation.progress { rows.append(["progress", SafeText.line(progress, limit: 120)]) }
    if let due = operation.nextDueAt { rows.append(["next attempt", clock.until(due.timestamp)]) }
    if let reason = operation.waitingReason {
      rows.append(["why it waits", SafeText.line(clock.localizing(Self.withoutFailure(reason, operation.lastError)))])
    }
    switch operation.state {
    case OperationState.parked.rawValue where operation.conflict != nil:
      rows.append(["what to do", "tombolo retry \(operation.id) --resolution local|remote|FILE"])
    case OperationState.deadLettered.rawValue, OperationState.parked.rawValue:
      rows.append(["what to do", "tombolo retry \(operation.id), or tombolo discard \(operation.id) --reason TEXT"])
    default: break
    }
    return rows
  }

  /// The reason for waiting, when it ends with the last error: that stands in a line of its own.
  private static func withoutFailure(_ reason: String, _ failure: WireDeliveryFailure?) -> String {
    guard let message = failure?.message else { return reason }
    for joint in [", after: ", ": "] where reason.hasSuffix(joint + message) {
      return String(reason.dropLast(joint.count + message.count))
    }
    return reason
  }

  private static func excerpt(_ bytes: [UInt8]) -> String {
    guard !bytes.isEmpty else { return "none" }
    let size = ByteCountWords.text(bytes.count)
    // Four bytes a character at most: enough to fill the excerpt, and no more is decoded.
    let start = bytes.prefix(4 * payloadCharacterLimit + 4)
    guard bytes.count > start.count || String(validating: start, as: UTF8.self) != nil,
      !start.contains(where: { $0 < 0x20 && $0 != 0x09 && $0 != 0x0A && $0 != 0x0D })
    else { return "\(size), not text: use --json to see them in base64" }
    return "\(size): \(SafeText.line(String(decoding: start, as: UTF8.self), limit: payloadCharacterLimit))"
  }

  static func attempts(_ count: Int) -> String {
    switch count {
    case 0: "not attempted yet"
    case 1: "attempted once"
    case 2: "attempted twice"
    default: "attempted \(count) times"
    }
  }
}
