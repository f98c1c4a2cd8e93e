private import Synchronization

/// The instances of a container or a scope: each made once, closed in reverse order.
///
///     (absent) ─ first request ─▶ making ─ done ─▶ made ─ close ─▶ closed
///         ▲                         │
///         └──── failed, cancelled ──┘
final class InstancePool: Sendable {
  typealias Close = @Sendable (any Sendable) async throws -> Void

  /// What those are told who waited while another made the instance; `nil` when whoever was at it gave up: ask again.
  private typealias Outcome = Result<any Sendable, any Error>?

  private enum Cell {
    case making(Promise<Outcome>)
    case made(any Sendable)
  }

  private enum Claim {
    case made(any Sendable)
    /// It is the caller's to make; it must call `settle`.
    case make(Promise<Outcome>)
    case wait(Promise<Outcome>)
  }

  private struct State {
    var cells: [DependencyKey: Cell] = [:]
    /// What is to be closed, in the order of creation.
    var created: [(key: DependencyKey, instance: any Sendable, close: Close)] = []
    var isClosing = false
  }

  private let state = Mutex(State())
  private let closed = Promise<Void>()
  /// For messages: `the container`.
  private let owner: String

  init(owner: String) { self.owner = owner }

  func requireOpen() throws {
    if state.withLock({ $0.isClosing }) { throw closedError }
  }

  private var closedError: ContainerError {
    ContainerError(.closed, "\(owner) is closed: nothing can be made any more")
  }

  func isMade(_ key: DependencyKey) -> Bool {
    state.withLock { state in
      if case .made = state.cells[key] { true } else { false }
    }
  }

  /// The instance under `key`. Of several callers at once one runs `make`; the others get what it answers.
  func instance(
    for key: DependencyKey, close: Close?, make: () async throws -> any Sendable
  ) async throws -> any Sendable {
    while true {
      switch try claim(key) {
      case .made(let instance): return instance
      case .make(let promise):
        do {
          let instance = try await make()
          settle(key, instance, close: close)
          promise.keep(.success(instance))
          return instance
        } catch {
          settle(key, nil, close: nil)
          // Another's cancellation is no reason for those who wait to fail.
          promise.keep(Task.isCancelled || error is CancellationError ? nil : .failure(error))
          throw error
        }
      case .wait(let promise):
        guard let outcome = await promise.answer() else { throw CancellationError() }
        if let outcome { return try outcome.get() }
      }
    }
  }

  private func claim(_ key: DependencyKey) throws -> Claim {
    try state.withLock { state in
      if state.isClosing { throw closedError }
      switch state.cells[key] {
      case .made(let instance): return .made(instance)
      case .making(let promise): return .wait(promise)
      case nil:
        let promise = Promise<Outcome>()
        state.cells[key] = .making(promise)
        return .make(promise)
      }
    }
  }

  /// Ends a creation.
  private func settle(_ key: DependencyKey, _ instance: (any Sendable)?, close: Close?) {
    state.withLock { state in
      state.cells[key] = instance.map { .made($0) }
      if let instance, let close { state.created.append((key, instance, close)) }
    }
  }
}

extension InstancePool {
  /// Closes what was made, the youngest first, once nothing is being made; answers with what went wrong. A second caller
  /// waits for the first and learns of no failures.
  func close() async -> [CloseFailure] {
    let creations = state.withLock { state -> [Promise<Outcome>]? in
      guard !state.isClosing else { return nil }
      state.isClosing = true
      return state.cells.values.compactMap { if case .making(let promise) = $0 { promise } else { nil } }
    }
    guard let creations else {
      await closed.settled()
      return []
    }
    for creation in creations { await creation.settled() }
    var failures: [CloseFailure] = []
    while let (key, instance, close) = state.withLock({ $0.created.popLast() }) {
      do {
        try await close(instance)
      } catch {
        failures.append(CloseFailure(key: key, error: error))
      }
    }
    state.withLock { $0.cells = [:] }
    closed.keep(())
    return failures
  }

  /// Closes, and answers with `error`, to which the failures of closing are added.
  func closing(after error: any Error) async -> any Error {
    let failures = await close()
    guard !failures.isEmpty else { return error }
    var combined =
      error as? ContainerError ?? ContainerError(.closeFailed, "closing failed after another error", cause: error)
    combined.closeFailures += failures
    return combined
  }

  /// Closes, and throws what went wrong.
  func closeOrThrow() async throws {
    let failures = await close()
    guard !failures.isEmpty else { return }
    var error = ContainerError(.closeFailed, "not everything could be closed", path: failures.map(\.key))
    error.closeFailures = failures
    throw error
  }

  /// Runs `body`, then closes, however it ends.
  func closingAfter<Result>(
    isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Result
  ) async throws -> Result {
    let result: Result
    do {
      result = try await body()
    } catch {
      throw await closing(after: error)
    }
    try await closeOrThrow()
    return result
  }
}
