/// A time limit with its clock.
public struct BoundTimeout: SequentialPolicy {
  let scope: TimeoutError.Scope
  let limit: Duration
  let environment: ResilienceEnvironment
  let pipeline: String

  /// Runs `body` in a child task beside one that waits for the limit, and returns when both have ended.
  public func run<T>(
    _ attempt: ResilienceAttempt, isolation: isolated (any Actor)?,
    _ body: (ResilienceAttempt) async throws -> T
  ) async throws -> T {
    var inner = attempt
    let end = environment.clock.now.advanced(by: limit)
    if scope == .total { inner.deadline = attempt.deadline.map { min($0, end) } ?? end }
    let (result, isExpired) = await withoutActuallyEscaping(body) { body in
      await race(LentCall(body, inner), until: end, isolation: isolation)
    }
    switch result {
    case .success(let value): return value
    case .failure(let error) where isExpired:
      environment.tell(.timedOut(limit: limit), policy: "\(scope.rawValue)Timeout", pipeline: pipeline)
      throw TimeoutError(scope, limit: limit, pipeline: pipeline, cause: error)
    case .failure(let error): throw error
    }
  }

  private func race<T>(
    _ call: LentCall<T>, until end: ResilienceClock.Instant, isolation: isolated (any Actor)?
  ) async -> (Result<T, any Error>, isExpired: Bool) {
    let clock = environment.clock
    let isExpired = await withTaskGroup(of: Ending.self, isolation: isolation) { group in
      // Where the runtime can, the body begins here and now: one that ends without waiting needs no timer at all.
      if #available(macOS 26, iOS 26, tvOS 26, watchOS 26, visionOS 26, *) {
        group.addImmediateTask {
          await call.run()
          return .called
        }
      } else {
        group.addTask {
          await call.run()
          return .called
        }
      }
      if !call.isOver {
        group.addTask {
          do { try await clock.sleep(until: end) } catch { return .left }
          return .expired
        }
      }
      var isExpired = false
      // Both are always awaited: no child outlives the call.
      while let ending = await group.next() {
        switch ending {
        case .called: group.cancelAll()
        case .expired:
          // When the call has ended already, its end counts.
          isExpired = !call.isOver
          group.cancelAll()
        case .left: break
        }
      }
      return isExpired
    }
    return (call.result, isExpired)
  }

  private enum Ending { case called, expired, left }
}
