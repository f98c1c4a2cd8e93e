private import Synchronization

/// A caller's body, lent to one child task of a caller that waits for it.
///
/// Safety: `body` and `outcome` are touched by the child until it has ended, and by the caller only after it has awaited the
/// child's end; a task group orders the two. The caller is suspended meanwhile, so what `body` captured is used by one task
/// at a time. A body that is bound to an actor goes to that actor by itself.
final class LentCall<T>: @unchecked Sendable {
  private let body: (ResilienceAttempt) async throws -> T
  private let attempt: ResilienceAttempt
  private var outcome: Result<T, any Error>?
  private let over = Atomic(false)

  init(_ body: @escaping (ResilienceAttempt) async throws -> T, _ attempt: ResilienceAttempt) {
    self.body = body
    self.attempt = attempt
  }

  /// Whether the body has ended; safe to ask from anywhere.
  var isOver: Bool { over.load(ordering: .acquiring) }

  /// How the body ended. To be asked after the child's end.
  var result: Result<T, any Error> { outcome ?? .failure(CancellationError()) }

  /// Runs the body; called once, by the child.
  func run() async {
    do {
      outcome = .success(try await body(attempt))
    } catch {
      outcome = .failure(error)
    }
    over.store(true, ordering: .releasing)
  }
}
