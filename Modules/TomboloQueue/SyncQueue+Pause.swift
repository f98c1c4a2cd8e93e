import Logging
import Synchronization
public import TomboloPorts

extension SyncQueue {
  /// Delivers nothing of `scope` until it is resumed, in this process and the next. What is being delivered is not stopped;
  /// everything else goes on. Pausing again changes the reason.
  ///
  /// Throws `QueueError` with `invalidOperation` when there are too many pauses, and what the store throws.
  public func pause(_ scope: Pause.Scope, reason: String) async throws {
    let count = engine.state.withLock { $0.pauses.count }
    guard count < QueueEngine.pauseCountMaximum else {
      throw QueueError(
        .invalidOperation, "\(count) kinds and keys are paused, which is the most: resume some, or pause the queue",
        field: "scope")
    }
    _ = try await submit(.pause(Pause(scope: scope, since: time.now, reason: reason)))
  }

  /// Goes on with `scope`. What is not paused is left as it is.
  public func resume(_ scope: Pause.Scope) async throws {
    defer { workArrived.signal() }
    _ = try await submit(.resume(scope))
  }

  /// What is paused, the longest first.
  public var pauses: [Pause] {
    engine.state.withLock { Array($0.pauses.values) }.sorted {
      ($0.since, $0.scope.stored) < ($1.since, $1.scope.stored)
    }
  }

  /// The namespaces whose operations are delivered from now on; operations without one always are. Those of other
  /// namespaces stay as they are until theirs is active. Not stored: a program says at each start who is signed in.
  ///
  /// What is being delivered already is not stopped.
  public func activate(namespaces: Set<String>) {
    engine.state.withLock { $0.activeNamespaces = namespaces }
    workArrived.signal()
  }

  public var activeNamespaces: Set<String> { engine.state.withLock { $0.activeNamespaces } }

  /// Why nothing of what this operation belongs to is delivered, as far as the queue itself decides; `nil` when it may be.
  public func waitingReason(for operation: SyncOperation) -> WaitingReason? {
    let (pauses, obstacle) = engine.state.withLock { ($0.pauses, $0.obstacle(to: operation)) }
    if let pause = pauses[.queue] { return .paused(pause) }
    switch obstacle {
    case .kind(let kind): return pauses[.kind(kind)].map { .paused($0) }
    case .orderingKey:
      return operation.orderingKey.flatMap { pauses[.orderingKey($0, namespace: operation.namespace)] }
        .map { .paused($0) }
    case .namespace(let name): return .inactive(namespace: name)
    case .limit(let kind): return .limited(kind: kind)
    case nil: return nil
    }
  }

  /// Makes ready what was set aside and may go on. Nothing of it is O(backlog) at once: each step is bounded.
  ///
  /// - Parameters:
  ///   - room: how many operations of a kind with limits may start.
  ///   - returned: told how many of those came back.
  func bringBack(
    room: (_ kind: String) -> Int, returned: (_ kind: String, _ count: Int, _ room: Int) -> Void
  ) async throws {
    let free = engine.state.withLock { state in state.asideScopes.filter { !state.isInForce($0) } }
    // In an order of its own, so that a simulated world can be repeated.
    for scope in free.sorted(by: { $0.stored < $1.stored }) {
      var limit = QueuePlanner.promotionCountMaximum
      guard case .limit(let kind) = scope else {
        _ = try await submit(.bringBack(scope, limit: limit))
        continue
      }
      limit = min(limit, room(kind))
      guard limit > 0 else { continue }
      var count = 0
      defer { returned(kind, count, limit) }
      if case .promoted(let promoted) = try await submit(.bringBack(scope, limit: limit)) { count = promoted }
    }
  }
}
