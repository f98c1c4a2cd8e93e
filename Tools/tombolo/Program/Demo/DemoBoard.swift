import Synchronization
import TomboloPorts
import TomboloQueue

/// Where the demo's parts write what happens, and the display reads it.
final class DemoBoard: Sendable {
  private struct Content {
    var state = DemoState()
    var status: NetworkStatus?
    var measurements = DemoMeasurements()
    var accepted: [DemoCheck.Accepted] = []
    var operations: [OperationID: DemoOperation] = [:]
    /// Failures that were remarked on.
    var knownFailures: Set<String> = []
    /// Nothing moves any more: what is shown is the result.
    var isFrozen = false

    /// What deserves to stay on the screen: the first failure of each sort. The rest scrolls by.
    mutating func remark(on event: QueueEvent, of operation: DemoOperation) -> String? {
      let name = operation.kind + (operation.orderingKey.map { " of \($0)" } ?? "")
      let rest = operation.orderingKey ?? "the rest"
      switch event.change {
      case .deadLettered(let failure) where knownFailures.insert(failure.code.description).inserted:
        return "\(name): refused for good and kept; \(rest) goes on."
      case .retried(let failure, _) where knownFailures.insert(failure.code.description).inserted:
        return "\(name): \(failure.code), to be retried\(operation.orderingKey.map { "; only \($0) waits" } ?? "")."
      default:
        return nil
      }
    }
  }

  private let content = Mutex(Content())
  private let time: any TimeSource
  private let beginning: Duration

  init(time: any TimeSource = SystemTimeSource()) {
    self.time = time
    beginning = time.uptime
  }

  /// What is to be shown now.
  var state: DemoState {
    content.withLock { content in
      var state = content.state
      guard !content.isFrozen else { return state }
      state.elapsed = time.uptime - beginning
      state.network = content.status.map { DemoState.Network($0, at: time.now) }
      return state
    }
  }

  var measurements: DemoMeasurements { content.withLock { $0.measurements } }

  /// What the queue accepted, in that order.
  var accepted: [DemoCheck.Accepted] { content.withLock { $0.accepted } }

  // MARK: - The script

  func enter(_ phase: DemoPhase, note: String) {
    content.withLock { $0.state.phase = phase }
    self.note(note)
  }

  func note(_ text: String) {
    content.withLock { content in
      content.state.notes.append(DemoState.Note(elapsed: time.uptime - beginning, text: text))
    }
  }

  func measure(_ change: (inout DemoMeasurements) -> Void) {
    content.withLock { change(&$0.measurements) }
  }

  func accepted(_ operation: DemoOperation, _ receipt: EnqueueReceipt) {
    content.withLock { content in
      content.operations[receipt.id] = operation
      content.accepted.append(
        DemoCheck.Accepted(id: receipt.id.description, kind: operation.kind, orderingKey: operation.orderingKey))
      content.state.enqueuedCount += 1
      content.state.add(
        DemoState.Event(verb: DemoVerb.accepted, operation: operation, detail: "on disk, \(receipt.state.rawValue)"))
    }
  }

  /// Keeps what is shown as it is now, in the last phase.
  func freeze(_ status: QueueStatus, note: String) {
    enter(.check, note: note)
    set(status)
    let last = state
    content.withLock { content in
      content.state = last
      content.isFrozen = true
    }
  }

  // MARK: - The process

  func set(_ status: QueueStatus) {
    content.withLock { content in
      guard !content.isFrozen else { return }
      content.state.depth = DemoState.Depth(status)
      content.state.deliveredCount = status.delivered
    }
  }

  /// What the monitor says; `nil` when the process has ended.
  func set(_ status: NetworkStatus?) {
    let words: String? = content.withLock { content in
      content.status = status
      guard let status else { return nil }
      let measured = content.measurements
      if let goneAt = measured.upstreamGoneAt, measured.limitedAt == nil, !status.isOnline {
        content.measurements.limitedAt = status.since
        return
          "Status \(status.condition.rawValue), noticed after \(DemoMeasurements.time(goneAt, status.since))."
      }
      if let backAt = measured.upstreamBackAt, measured.onlineAt == nil, status.isOnline {
        content.measurements.onlineAt = status.since
        return "Status online, noticed after \(DemoMeasurements.time(backAt, status.since))."
      }
      return nil
    }
    if let words { note(words) }
  }

  func add(_ event: QueueEvent) {
    let words: String? = content.withLock { content in
      guard !content.isFrozen else { return nil }
      let operation = content.operations[event.id] ?? DemoOperation(kind: event.kind, priority: "")
      content.measurements.take(event, isCritical: operation.priority == OperationPriority.critical.name)
      if let shown = DemoState.Event(event, of: operation) { content.state.add(shown) }
      return content.remark(on: event, of: operation)
    }
    if let words { note(words) }
  }
}
