public import TomboloPorts

/// Finds out whether a store keeps the contract of `KeyValueStore`.
///
///     let conformance = StoreConformance {
///       let folder = try makeFolder()
///       return StoreFixture { try await MyStore(path: folder) } dispose: { try remove(folder) }
///     }
///
/// As one parameterised test:
///
///     @Test(arguments: StoreConformance.rules)
///     func keeps(_ rule: ConformanceRule) async throws {
///       try await conformance.check(rule).get()
///     }
///
/// Or all rules at once, each reported as it ends:
///
///     let report = try await conformance.run { print($0) }
///     print(report.summary)
public struct StoreConformance: Sendable {
  /// Every rule, in an order in which the first violation tells most: simple promises come before those that need them.
  public static let rules: [ConformanceRule] =
    ReadingRules.all + ScanRules.all + BatchRules.all + CheckRules.all + RevisionRules.all + LimitRules.all
    + CancellationRules.all + ConcurrencyRules.all + ClosingRules.all + DurabilityRules.all + ModelRules.all

  /// How long one rule may take; a store that takes longer violates it.
  public var timeLimit: Duration
  private let time: any TimeSource
  private let makeFixture: @Sendable () async throws -> StoreFixture

  /// - Parameters:
  ///   - timeLimit: How long one rule may take. The default is far above what any rule needs on a busy machine with a quick disk.
  ///   - time: Where the limit's clock comes from.
  ///   - makeFixture: Makes a new, empty place; called at least once for every rule.
  public init(
    timeLimit: Duration = .seconds(60), time: any TimeSource = SystemTimeSource(),
    makeFixture: @escaping @Sendable () async throws -> StoreFixture
  ) {
    self.timeLimit = timeLimit
    self.time = time
    self.makeFixture = makeFixture
  }

  /// Runs `rules` one after the other and hands each result to `onResult` as it comes.
  ///
  /// - Throws: `CancellationError` when the task is cancelled, and what `onResult` throws; never for a violation.
  public func run(
    _ rules: [ConformanceRule] = StoreConformance.rules, seed: UInt64 = .random(in: .min ... .max),
    onResult: (ConformanceResult) throws -> Void = { _ in }
  ) async throws -> ConformanceReport {
    var results: [ConformanceResult] = []
    for rule in rules {
      let result = try await check(rule, seed: seed)
      results.append(result)
      try onResult(result)
    }
    return ConformanceReport(results: results, seed: seed)
  }

  /// Runs one rule on a fresh store.
  ///
  /// - Throws: `CancellationError` when the task is cancelled; a violation is in the result.
  public func check(_ rule: ConformanceRule, seed: UInt64 = .random(in: .min ... .max)) async throws
    -> ConformanceResult
  {
    let start = time.uptime
    let verdict = try await firstVerdict { [makeFixture] in
      await StoreTrial.verdict(of: rule, seed: seed, makeFixture: makeFixture)
    }
    let outcome: ConformanceResult.Outcome =
      switch verdict {
      case .kept: .kept
      case .excluded(let reason): .notApplicable(reason)
      case .violated(let message, let cause):
        .violated(ConformanceViolation(ruleID: rule.id, message: message, seed: seed, cause: cause))
      }
    return ConformanceResult(rule: rule, outcome: outcome, duration: time.uptime - start)
  }

  /// The verdict of `body`, or a violation once the time limit is over.
  ///
  /// Both tasks are unstructured on purpose: a structured one would be waited for, and a store that hangs without heeding
  /// cancellation would hang the run. Such a task is cancelled and left behind. Cancelling the caller cancels both.
  private func firstVerdict(_ body: @escaping @Sendable () async -> Verdict) async throws -> Verdict {
    // A stream would still hand out a verdict that came before it was asked for.
    try Task.checkCancellation()
    let (verdicts, continuation) = AsyncStream<Verdict>.makeStream(bufferingPolicy: .bufferingOldest(1))
    let trial = Task { continuation.yield(await body()) }
    let alarm = Task { [time, timeLimit] in
      do {
        try await time.sleep(for: timeLimit)
      } catch {
        // Cancelled: the verdict is there, or nobody waits for it any more.
        return
      }
      continuation.yield(
        .violated("not done after \(timeLimit): a call of the store never returned, or it is far too slow", nil))
    }
    defer {
      trial.cancel()
      alarm.cancel()
    }
    for await verdict in verdicts { return verdict }
    throw CancellationError()
  }
}
