private import Synchronization

/// The instances of a container or a scope: each made once, closed in reverse order.
///
///     (absent) ─ first request ─▶ making ─ done ─▶ made ─ close ─▶ closed
///         ▲                         │
///         └──── failed, cancelled ──┘
final class InstancePool: Sendable {
  typealias Close = @Sendable (any Sendable) async throws -> Void

  private enum Cell {
    case making(waiters: [Int: CheckedContinuation<Answer, Never>])
    case made(any Sendable)
  }

  /// What those are told who waited while another made the instance.
  private enum Answer: Sendable {
    case made(any Sendable)
    case failed(any Error)
    /// Whoever was at it gave up; ask again.
    case again
    case cancelled
  }

  private enum Claim {
    case made(any Sendable)
    /// It is the caller's to make; it must call `settle`.
    case make
    case wait(token: Int)
    case closed
  }

  private struct State {
    var cells: [DependencyKey: Cell] = [:]
    /// What is to be closed, in the order of creation.
    var created: [(key: DependencyKey, instance: any Sendable, close: Close)] = []
    var creationCount = 0
    var lastToken = 0
    var isClosing = false
    var isClosed = false
    /// Wakes who closes once no creation is under way.
    var idle: CheckedContinuation<Void, Never>?
    /// Those who called `close` while another was at it.
    var closeWaiters: [CheckedContinuation<Void, Never>] = []
  }

  private let state = Mutex(State())
  /// For messages: `the container`.
  private let owner: String

  init(owner: String) { self.owner = owner }

  func requireOpen() throws {
    if state.withLock({ $0.isClosing }) { throw closedError }
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
      switch claim(key) {
      case .made(let instance): return instance
      case .closed: throw closedError
      case .make:
        do {
          let instance = try await make()
          settle(key, .made(instance), close: close)
          return instance
        } catch {
          // Another's cancellation is no reason for those who wait to fail.
          settle(key, Task.isCancelled || error is CancellationError ? .again : .failed(error), close: nil)
          throw error
        }
      case .wait(let token):
        switch await answer(for: key, token: token) {
        case .made(let instance): return instance
        case .failed(let error): throw error
        case .again: continue
        case .cancelled: throw CancellationError()
        }
      }
    }
  }

  private var closedError: ContainerError {
    ContainerError(.closed, "\(owner) is closed: nothing can be made any more")
  }

  private func claim(_ key: DependencyKey) -> Claim {
    state.withLock { state in
      if state.isClosing { return .closed }
      switch state.cells[key] {
      case .made(let instance): return .made(instance)
      case .making:
        state.lastToken += 1
        return .wait(token: state.lastToken)
      case nil:
        state.cells[key] = .making(waiters: [:])
        state.creationCount += 1
        return .make
      }
    }
  }

  private func answer(for key: DependencyKey, token: Int) async -> Answer {
    await withTaskCancellationHandler {
      await withCheckedContinuation { (continuation: CheckedContinuation<Answer, Never>) in
        let answer = state.withLock { state -> Answer? in
          // The flag is up before the handler below runs, and the handler needs this lock: no cancellation is missed.
          if Task.isCancelled { return .cancelled }
          guard case .making(var waiters) = state.cells[key] else { return .again }
          waiters[token] = continuation
          state.cells[key] = .making(waiters: waiters)
          return nil
        }
        if let answer { continuation.resume(returning: answer) }
      }
    } onCancel: {
      let waiter = state.withLock { state -> CheckedContinuation<Answer, Never>? in
        guard case .making(var waiters) = state.cells[key] else { return nil }
        let waiter = waiters.removeValue(forKey: token)
        state.cells[key] = .making(waiters: waiters)
        return waiter
      }
      waiter?.resume(returning: .cancelled)
    }
  }

  /// Ends a creation and tells those who wait.
  private func settle(_ key: DependencyKey, _ answer: Answer, close: Close?) {
    let (waiters, idle) = state.withLock { state in
      var waiting: [CheckedContinuation<Answer, Never>] = []
      if case .making(let waiters) = state.cells[key] { waiting = Array(waiters.values) }
      if case .made(let instance) = answer {
        state.cells[key] = .made(instance)
        if let close { state.created.append((key, instance, close)) }
      } else {
        state.cells[key] = nil
      }
      state.creationCount -= 1
      guard state.creationCount == 0 else { return (waiting, CheckedContinuation<Void, Never>?.none) }
      defer { state.idle = nil }
      return (waiting, state.idle)
    }
    for waiter in waiters { waiter.resume(returning: answer) }
    idle?.resume()
  }
}

extension InstancePool {
  /// Closes what was made, the youngest first, once nothing is being made; answers with what went wrong. A second caller
  /// waits for the first and learns of no failures.
  func close() async -> [CloseFailure] {
    guard await beginClosing() else { return [] }
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      let isIdle = state.withLock { state in
        if state.creationCount == 0 { return true }
        state.idle = continuation
        return false
      }
      if isIdle { continuation.resume() }
    }
    var failures: [CloseFailure] = []
    while let (key, instance, close) = state.withLock({ $0.created.popLast() }) {
      do {
        try await close(instance)
      } catch {
        failures.append(CloseFailure(key: key, error: error))
      }
    }
    let waiters = state.withLock { state in
      state.isClosed = true
      state.cells = [:]
      defer { state.closeWaiters = [] }
      return state.closeWaiters
    }
    for waiter in waiters { waiter.resume() }
    return failures
  }

  /// Whether closing is the caller's; when it is another's, returns once that is done.
  private func beginClosing() async -> Bool {
    let isFirst = state.withLock { state in
      defer { state.isClosing = true }
      return !state.isClosing
    }
    if isFirst { return true }
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      let isClosed = state.withLock { state in
        if !state.isClosed { state.closeWaiters.append(continuation) }
        return state.isClosed
      }
      if isClosed { continuation.resume() }
    }
    return false
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
    if let error = Self.error(for: await close()) { throw error }
    return result
  }

  static func error(for failures: [CloseFailure]) -> ContainerError? {
    guard !failures.isEmpty else { return nil }
    var error = ContainerError(.closeFailed, "not everything could be closed", path: failures.map(\.key))
    error.closeFailures = failures
    return error
  }
}
