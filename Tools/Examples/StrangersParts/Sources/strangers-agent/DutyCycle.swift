import Synchronization
public import TomboloComposition
public import TomboloPorts
public import TomboloResilience

/// Leaves the line alone for `rest` after each call, as the rules for some radio bands want it.
public struct DutyCycle: ResiliencePolicy {
  public var rest: Duration

  public init(rest: Duration) { self.rest = rest }

  public var summaries: [PolicySummary] { [PolicySummary(.other, "rest: \(rest)")] }

  public func bind(to environment: ResilienceEnvironment, pipeline: String) -> BoundDutyCycle {
    BoundDutyCycle(environment: environment, pipeline: pipeline, rest: rest)
  }
}

/// A duty cycle that knows until when the line rests. Several calls may begin together; the rest follows the last of them.
public final class BoundDutyCycle: SequentialPolicy {
  private let environment: ResilienceEnvironment
  private let pipeline: String
  private let rest: Duration
  private let restsUntil = Mutex<ResilienceClock.Instant?>(nil)

  init(environment: ResilienceEnvironment, pipeline: String, rest: Duration) {
    self.environment = environment
    self.pipeline = pipeline
    self.rest = rest
  }

  public func run<T>(
    _ attempt: ResilienceAttempt, isolation: isolated (any Actor)?, _ body: (ResilienceAttempt) async throws -> T
  ) async throws -> T {
    let now = environment.clock.now
    if let end = restsUntil.withLock({ $0 }), end > now {
      environment.tell(.refused(.rateLimited), policy: pipeline, pipeline: pipeline)
      throw ResilienceError(.rateLimited, "the line rests after a call", retryAfter: now.duration(to: end))
    }
    defer { restsUntil.withLock { $0 = environment.clock.now.advanced(by: rest) } }
    return try await body(attempt)
  }
}

/// `resilience: { upstream: [{ type: dutyCycle, rest: 2s }] }`
public enum DutyCyclePlugin: ResiliencePolicyPlugin {
  public static let identifier = PluginIdentifier(.resilience, "dutyCycle")
  public static let summary = "Leaves the line alone for `rest` after each delivery."
  public static let options = [
    OptionDeclaration(
      "rest", .duration(.milliseconds(1) ... .seconds(3_600)), default: .duration(.seconds(1)),
      help: "How long nothing is sent after a delivery.")
  ]

  public static func policy(_ options: PluginOptions, list: String) throws -> DeliveryPolicy {
    .call(DutyCycle(rest: try options.duration("rest")))
  }
}
