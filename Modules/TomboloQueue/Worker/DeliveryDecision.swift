package import TomboloPorts
import TomboloResilience

/// What becomes of an operation after an attempt: the rules, without a store, a clock or a network.
package struct DeliveryDecision: Sendable {
  private let shared: SharedConfiguration
  private var configuration: QueueConfiguration { shared.values }
  let now: Timestamp

  init(_ shared: SharedConfiguration, now: Timestamp) {
    self.shared = shared
    self.now = now
  }

  package init(configuration: QueueConfiguration, now: Timestamp) {
    self.init(SharedConfiguration(configuration), now: now)
  }

  /// The settlement of an attempt that failed and may succeed later.
  ///
  /// The wait is the backoff, or what the server asks for when that is longer, up to the limit for such requests, or how long
  /// the retry waits for its share of the upstream's budget.
  ///
  /// - Parameter previous: how long it waited before this attempt; `nil` when it was the first. Only decorrelated backoff asks.
  func retry(
    after asked: Duration?, _ failure: DeliveryFailure, attempt: Int, previous: Duration? = nil,
    budgetWait: Duration = .zero, random: inout some RandomNumberGenerator
  ) -> Settlement {
    guard !isLast(attempt: attempt) else {
      return .deadLetter(
        DeliveryFailure(
          .attemptsExhausted, "all \(configuration.attemptsMaximum) attempts failed; the last: \(failure.message)"))
    }
    let wait = retryWait(
      after: asked, attempt: attempt, previous: previous, budgetWait: budgetWait, random: &random)
    guard wait.isBudgetShort else { return .retry(failure, due: now.advanced(by: wait.duration)) }
    let told = DeliveryFailure(
      failure.code, failure.message + " (it waits longer than its backoff: the upstream's retry budget is used up)")
    return .retry(told, due: now.advanced(by: wait.duration))
  }

  /// How long a retry waits, and whether the budget is the reason that it waits so long.
  package func retryWait(
    after asked: Duration?, attempt: Int, previous: Duration? = nil, budgetWait: Duration,
    random: inout some RandomNumberGenerator
  ) -> (duration: Duration, isBudgetShort: Bool) {
    let strategy = configuration.backoff
    // A wait that a server, or the budget, asked for may have been longer than any backoff.
    let backoff =
      previous.map {
        strategy.delay(afterAttempt: attempt, previous: min($0, strategy.delayMaximum), using: &random)
      } ?? strategy.delay(afterAttempt: attempt, using: &random)
    let obeyed = min(max(.zero, asked ?? .zero), configuration.retryAfterMaximum)
    let wait = max(backoff, obeyed)
    return budgetWait > wait ? (min(budgetWait, configuration.waitMaximum), true) : (wait, false)
  }

  /// Whether another attempt follows one that failed.
  func isLast(attempt: Int) -> Bool { attempt >= configuration.attemptsMaximum }

  /// Unburnt, for no longer than a server may ask for.
  func snooze(for duration: Duration, _ failure: DeliveryFailure) -> Settlement {
    .snooze(failure, due: now.advanced(by: min(max(.zero, duration), configuration.retryAfterMaximum)))
  }

  /// What a resolver's decision means for the operation.
  func conflict(_ result: ResolutionResult, against remote: RemoteVersion, rounds: Int) -> Settlement {
    switch result {
    case .applyLocal, .merged:
      guard rounds < configuration.conflictRoundsMaximum else {
        return .parkConflict(
          DeliveryFailure(
            .conflict, "it met another version \(rounds + 1) times in a row; the last: \(remote.detail)"),
          kept(remote))
      }
      guard case .merged(let payload) = result else { return .redeliver(replacing: remote, payload: nil) }
      guard payload.count <= configuration.payloadByteCountMaximum else {
        return .parkConflict(
          DeliveryFailure(
            .conflict,
            "the merged version has \(payload.count) bytes, and the limit is \(configuration.payloadByteCountMaximum) "
              + "(queue.payloadMaximum)"),
          kept(remote))
      }
      return .redeliver(replacing: remote, payload: payload)
    case .keepRemote: return .discard(reason: "the upstream's version stands: \(remote.detail)")
    case .park(let reason): return .parkConflict(DeliveryFailure(.conflict, reason), kept(remote))
    }
  }

  /// The remote version as it is kept for a person: without its payload when that is larger than any here may be.
  private func kept(_ remote: RemoteVersion) -> RemoteVersion {
    guard let payload = remote.payload, payload.count > configuration.payloadByteCountMaximum else { return remote }
    return remote.withoutPayload
  }

  /// What the end of an attempt says about the upstream.
  static func ending(of outcome: DeliveryOutcome) -> UpstreamPace.Ending {
    switch outcome {
    case .delivered, .conflict, .reject: return .judged
    case .snooze, .suspend, .park: return .unrelated
    case .retry(_, let failure):
      switch failure.code {
      case .throttled: return .throttled
      case .timeout, .unreachable: return .lost
      case .handlerFailed, .heldBack: return .unrelated
      default: return .failed
      }
    }
  }

  /// The default mapping of an error that a handler threw.
  static func outcome(of error: any Error) -> DeliveryOutcome {
    if let failure = error as? DeliveryFailure { return .retry(after: nil, failure) }
    let failure = DeliveryFailure(.handlerFailed, "the handler threw: \(error)")
    guard let classified = error as? any ClassifiedError else { return .retry(after: nil, failure) }
    switch classified.classification {
    case .transient, .outcomeUnknown: return .retry(after: nil, failure)
    case .throttled(let after): return .retry(after: after, DeliveryFailure(.throttled, failure.message))
    case .permanent: return .reject(DeliveryFailure(.refused, failure.message))
    case .conflict: return .conflict(RemoteVersion(detail: failure.message))
    }
  }
}
