import Logging
import Synchronization
import TomboloPorts
import TomboloStorage

extension QueueEngine {
  /// The most pauses at a time, and the most reasons to set something aside that a start looks for.
  static let pauseCountMaximum = 10_000

  /// Reads what is paused, and for which reasons something was set aside, without reading what.
  func findPauses() async throws {
    var pauses: [Pause.Scope: Pause] = [:]
    for record in try await store.scan(QueueLayout.pauses, limit: Self.pauseCountMaximum) {
      guard let scope = QueueLayout.pauseScope(record.key) else { continue }
      do {
        let stored = try PauseRecord(record.value)
        pauses[scope] = Pause(scope: scope, since: stored.since, reason: stored.reason)
      } catch {
        // That it is paused is in the key; only why and since when is lost.
        logger.error("the record of a pause cannot be read", metadata: ["scope": "\(scope)", "error": "\(error)"])
        pauses[scope] = Pause(
          scope: scope, since: Timestamp(millisecondsSinceEpoch: 0), reason: "the reason cannot be read any more")
      }
    }
    var scopes: Set<AsideScope> = []
    var rest = QueueLayout.aside
    while scopes.count < Self.pauseCountMaximum, let next = try await store.scan(rest, limit: 1).first {
      guard let scope = QueueLayout.asideScope(next.key), let end = QueueLayout.asideRange(scope).upper else {
        rest.lower = Key(next.key.bytes + [0])
        continue
      }
      scopes.insert(scope)
      rest.lower = end
    }
    state.withLock { state in
      state.pauses = pauses
      state.asideScopes = scopes
    }
  }

  var isPaused: Bool { state.withLock { $0.pauses[.queue] != nil } }

  /// Why an operation is not to be delivered now, whoever would.
  func obstacle(to operation: SyncOperation) -> AsideScope? {
    state.withLock { $0.obstacle(to: operation) }
  }
}

extension QueueEngine.State {
  func obstacle(to operation: SyncOperation) -> AsideScope? {
    if let namespace = operation.namespace, !activeNamespaces.contains(namespace) { return .namespace(namespace) }
    guard !pauses.isEmpty else { return nil }
    if pauses[.kind(operation.kind)] != nil { return .kind(operation.kind) }
    if let key = operation.orderingKey, pauses[.orderingKey(key, namespace: operation.namespace)] != nil {
      return OrderingKey(of: operation).map { .orderingKey($0) }
    }
    return nil
  }

  /// Whether what was set aside for this reason still has to wait.
  func isInForce(_ scope: AsideScope) -> Bool {
    switch scope {
    case .kind(let kind): pauses[.kind(kind)] != nil
    case .namespace(let name): !activeNamespaces.contains(name)
    case .orderingKey(let key):
      pauses.keys.contains { pause in
        guard case .orderingKey(let name, let namespace) = pause else { return false }
        return OrderingKey(orderingKey: name, coalescingKey: nil, namespace: namespace) == key
      }
    case .limit: false
    }
  }
}
