public import Logging
public import TomboloResilience

/// Writes what policies do to a log.
///
/// **About.** One line an event, with a message that never changes and everything that does as metadata: `pipeline`, `policy`, and
/// what belongs to the event. Nothing of a call's contents or errors is written.
///
/// **Usage.** `ResilienceEnvironment(listener: ResilienceLog(Logger(label: "resilience")))`.
///
/// **Defaults.** What an operator must know is a warning (a breaker opened, a retry gave up); what explains it is a notice; what
/// comes with every failing call is debug. See `level(of:)`.
///
/// **Anti-patterns.** A log handler that waits: it is called in the middle of a call.
public struct ResilienceLog: ResilienceListener {
  private let logger: Logger

  /// Writes to this logger.
  public init(_ logger: Logger) { self.logger = logger }

  /// Writes one line.
  public func receive(_ event: ResilienceEvent) {
    let level = Self.level(of: event.kind)
    // The metadata is made only when somebody reads it.
    guard level >= logger.logLevel else { return }
    var metadata = Self.metadata(of: event.kind)
    metadata["pipeline"] = "\(event.pipeline)"
    metadata["policy"] = "\(event.policy)"
    logger.log(level: level, Self.message(of: event.kind), metadata: metadata)
  }

  /// The level an event is written with.
  public static func level(of kind: ResilienceEvent.Kind) -> Logger.Level {
    switch kind {
    case .breakerChanged(_, let state):
      switch state {
      case .open, .isolated: .warning
      case .halfOpen, .closed: .notice
      }
    case .retryStopped: .warning
    case .timedOut, .fallbackUsed: .notice
    case .limitChanged, .chaosInjected: .info
    case .retryScheduled, .refused, .hedgeStarted, .hedgeWon: .debug
    }
  }

  private static func message(of kind: ResilienceEvent.Kind) -> Logger.Message {
    switch kind {
    case .retryScheduled: "a failed attempt is made again after a wait"
    case .retryStopped: "a call was given up"
    case .timedOut: "a time limit ended before the call did"
    case .breakerChanged: "a circuit breaker changed its state"
    case .refused: "a call was refused without being made"
    case .hedgeStarted: "a further copy of a slow call was started"
    case .hedgeWon: "a copy of a hedged call answered first"
    case .limitChanged: "an adaptive limit moved"
    case .fallbackUsed: "a call failed and its fallback answered"
    case .chaosInjected: "the chaos policy disturbed a call on purpose"
    }
  }

  private static func metadata(of kind: ResilienceEvent.Kind) -> Logger.Metadata {
    switch kind {
    case .retryScheduled(let attempt, let delay, let failure):
      ["attempt": "\(attempt)", "delay": "\(delay)", "failure": "\(failure.telemetryName)"]
    case .retryStopped(let attempts, let reason): ["attempts": "\(attempts)", "reason": "\(reason)"]
    case .timedOut(let limit): ["limit": "\(limit)"]
    case .breakerChanged(let from, let to): ["from": "\(from.telemetryName)", "to": "\(to.telemetryName)"]
    case .refused(let code): ["reason": "\(code)"]
    case .hedgeStarted(let copy), .hedgeWon(let copy): ["copy": "\(copy)"]
    case .limitChanged(let from, let to): ["from": "\(from)", "to": "\(to)"]
    case .fallbackUsed: [:]
    case .chaosInjected(let effect): ["effect": "\(effect.telemetryName)"]
    }
  }
}
