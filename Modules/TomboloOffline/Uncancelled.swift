/// Runs `body` to its end although the caller's task may be cancelled: what it stops at because of that, it does once more in an
/// unstructured task, which does not inherit the cancellation and is awaited right here, so that it cannot outlive the call.
///
/// - Parameter body: leaves nothing half done when it throws `CancellationError`.
func uncancelled<Answer: Sendable>(
  _ body: @escaping @Sendable () async throws -> Answer
) async throws -> Answer {
  do {
    return try await body()
  } catch is CancellationError {
    return try await Task { try await body() }.value
  }
}
