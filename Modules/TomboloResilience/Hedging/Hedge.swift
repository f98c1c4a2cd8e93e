/// Makes a slow call a second time and takes the first answer.
///
/// **About.** When a copy has not answered after the delay, another one starts; the first value wins, the others are cancelled
/// and awaited. A copy that fails in a way that may pass starts the next one at once; a permanent failure ends the
/// call, and after a throttled one no copy is started early.
///
/// **Usage.** `Hedge(after: .milliseconds(200), isIdempotent: true)` with the delay near the 95th percentile of latency.
///
/// **Defaults.** Two copies. `isIdempotent` has no useful default: without it the order check refuses the pipeline.
/// **Telemetry.** `hedgeStarted`, `hedgeWon`. **Anti-patterns.** Around calls that write. A delay below the usual latency, which doubles the
/// load. Around a retry. A body that ignores cancellation: the losers are awaited.
///
/// A pipeline with a hedge makes copies at once, so its body must be `@Sendable`.
public struct Hedge: ResiliencePolicy {
  /// How long a copy has before another one starts.
  public var delay: Duration
  /// The most copies, the first included.
  public var copyMaximum: Int
  /// Whether making the call twice does no more than making it once.
  public var isIdempotent: Bool

  /// A hedge.
  public init(after delay: Duration, copyMaximum: Int = 2, isIdempotent: Bool = false) {
    self.delay = max(.zero, delay)
    self.copyMaximum = max(1, copyMaximum)
    self.isIdempotent = isIdempotent
  }

  /// Delay and copies.
  public var summaries: [PolicySummary] {
    [PolicySummary(.hedge, "after: \(delay), copies: \(copyMaximum)", isIdempotent: isIdempotent)]
  }

  /// Takes the clock.
  public func bind(to environment: ResilienceEnvironment, pipeline: String) -> BoundHedge {
    BoundHedge(policy: self, environment: environment, pipeline: pipeline)
  }
}

/// A hedge with its clock.
public struct BoundHedge: BoundPolicy {
  let policy: Hedge
  let environment: ResilienceEnvironment
  let pipeline: String

  private enum Ending<T: Sendable>: Sendable {
    case ended(copy: Int, Result<T, any Error>)
    case delayIsOver(copy: Int)
    case left
  }

  /// Runs as many copies of `body` as it takes.
  public func runConcurrently<T: Sendable>(
    _ attempt: ResilienceAttempt, _ body: @escaping @Sendable (ResilienceAttempt) async throws -> T
  ) async throws -> T {
    try await withThrowingTaskGroup(of: Ending<T>.self) { group in
      var startedCount = 0
      var runningCount = 0
      // A server asked for a pause: it gets no further copy; those under way may still answer.
      var isPaused = false
      func start() {
        startedCount += 1
        runningCount += 1
        let copy = startedCount
        if copy > 1 { tell(.hedgeStarted(copy: copy)) }
        group.addTask {
          do { return .ended(copy: copy, .success(try await body(attempt))) } catch {
            return .ended(copy: copy, .failure(error))
          }
        }
        guard copy < policy.copyMaximum else { return }
        let clock = environment.clock
        let end = clock.now.advanced(by: policy.delay)
        group.addTask {
          do { try await clock.sleep(until: end) } catch { return .left }
          return .delayIsOver(copy: copy)
        }
      }
      defer { group.cancelAll() }
      start()
      while let ending = try await group.next() {
        switch ending {
        case .left: break
        case .delayIsOver(let copy):
          // The next copy may have started already, because this one failed.
          if !isPaused, copy == startedCount, !Task.isCancelled { start() }
        case .ended(let copy, .success(let value)):
          if startedCount > 1 { tell(.hedgeWon(copy: copy)) }
          return value
        case .ended(_, .failure(let error)):
          runningCount -= 1
          let failure = StandardFailureClassifier().classify(error)
          if Task.isCancelled || failure == .permanent || failure == .cancelled { throw error }
          if case .throttled = failure { isPaused = true }
          if !isPaused, startedCount < policy.copyMaximum {
            start()
          } else if runningCount == 0 {
            throw error
          }
        }
      }
      throw CancellationError()
    }
  }

  private func tell(_ kind: ResilienceEvent.Kind) {
    environment.tell(kind, policy: "hedge", pipeline: pipeline)
  }
}
