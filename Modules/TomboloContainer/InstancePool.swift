private import Synchronization

/// The instances of a container or a scope: each made once, closed in reverse order.
///
///     (absent) ─ first request ─▶ making ─ done ─▶ made ─ close ─▶ closed
///         ▲                         │
///         └──── failed, cancelled ──┘
final class InstancePool: Sendable {
  typealias Close = @Sendable (any Sendable) async throws -> Void

  /// What a creation came to; `nil` when whoever was at it gave up: ask again.
  private typealias Outcome = Result<any Sendable, any Error>?

  private struct State {
    /// What is made, or being made. A creation that fails is taken out before its promise is kept, so a kept one is made.
    var creations: [DependencyKey: Promise<Outcome>] = [:]
    /// What is to be closed, in the order of creation.
    var created: [(key: DependencyKey, instance: any Sendable, close: Close)] = []
    var isClosing = false
  }

  private let state = Mutex(State())
  private let closed = Promise<Void>()
  /// For messages: `the container`.
  private let owner: String

  init(owner: String) { self.owner = owner }

  func requireOpen() throws { try state.withLock { try requireOpen($0) } }

  private func requireOpen(_ state: State) throws {
    guard state.isClosing else { return }
    throw ContainerError(code: .closed, message: "\(owner) is closed: nothing can be made any more")
  }

  func isMade(_ key: DependencyKey) -> Bool { state.withLock { $0.creations[key] }?.isKept ?? false }

  /// The instance under `key`. Of several callers at once one runs `make`; the others get what it answers.
  func instance(
    for key: DependencyKey, close: Close?, make: () async throws -> any Sendable
  ) async throws -> any Sendable {
    while true {
      let (creation, isMine) = try claim(key)
      guard isMine else {
        guard let outcome = await creation.answer() else { throw CancellationError() }
        if let outcome { return try outcome.get() }
        continue
      }
      do {
        let instance = try await make()
        if let close { state.withLock { $0.created.append((key, instance, close)) } }
        creation.keep(.success(instance))
        return instance
      } catch {
        state.withLock { $0.creations[key] = nil }
        // Another's cancellation is no reason for those who wait to fail.
        creation.keep(Task.isCancelled || error is CancellationError ? nil : .failure(error))
        throw error
      }
    }
  }

  /// The creation of `key`, and whether it is the caller's to make.
  private func claim(_ key: DependencyKey) throws -> (Promise<Outcome>, isMine: Bool) {
    try state.withLock { state in
      try requireOpen(state)
      if let creation = state.creations[key] { return (creation, false) }
      let creation = Promise<Outcome>()
      state.creations[key] = creation
      return (creation, true)
    }
  }
}

extension InstancePool {
  /// Closes what was made, the youngest first, once nothing is being made; answers with what went wrong. A second caller
  /// waits for the first and learns of no failures.
  private func closeAll() async -> [CloseFailure] {
    let creations = state.withLock { state -> [Promise<Outcome>]? in
      defer { state.isClosing = true }
      return state.isClosing ? nil : Array(state.creations.values)
    }
    guard let creations else {
      _ = await closed.answer(evenIfCancelled: true)
      return []
    }
    for creation in creations { _ = await creation.answer(evenIfCancelled: true) }
    var failures: [CloseFailure] = []
    while let (key, instance, close) = state.withLock({ $0.created.popLast() }) {
      do {
        // In a task of its own: what has to be closed is closed although whoever closes was cancelled.
        try await Task { try await close(instance) }.value
      } catch {
        failures.append(CloseFailure(key: key, error: error))
      }
    }
    state.withLock { $0.creations = [:] }
    closed.keep(())
    return failures
  }

  /// Closes; answers with `error`, with what went wrong, or with both as one.
  func closing(after error: (any Error)? = nil) async -> (any Error)? {
    let failures = await closeAll()
    guard !failures.isEmpty else { return error }
    var combined =
      error as? ContainerError
      ?? ContainerError(code: .closeFailed, message: "not everything could be closed", cause: error)
    combined.closeFailures += failures
    return combined
  }

  /// Runs `body`, then closes, however it ends.
  func closingAfter<Result>(
    isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Result
  ) async throws -> Result {
    let result: Result
    do { result = try await body() } catch { throw await closing(after: error) ?? error }
    if let error = await closing() { throw error }
    return result
  }
}
