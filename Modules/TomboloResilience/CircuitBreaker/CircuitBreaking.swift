/// A circuit breaker as part of a pipeline. See `CircuitBreaker` for what it does.
///
/// **Usage.** `CircuitBreaking("billing")`, below `Retry` and above `AttemptTimeout`. The breaker itself, to look at it, to
/// observe it or to isolate it by hand, is `environment.circuitBreaker("billing")`.
///
/// **Defaults.** Those of `CircuitBreakerConfiguration`; permanent errors are answers, all others count as failures, and so does
/// the end of a total time limit. What a retry inside gave up with is judged by its last error.
/// **Telemetry.** `breakerChanged`, `refused`.
public struct CircuitBreaking: ResiliencePolicy {
  /// The breaker is shared by every pipeline of the environment with a breaker of this name.
  public var name: String
  /// When it opens and closes.
  public var configuration: CircuitBreakerConfiguration
  private let isFailure: @Sendable (any Error) -> Bool

  /// A breaker. The first pipeline to name it decides what counts as a failure.
  public init(
    _ name: String, _ configuration: CircuitBreakerConfiguration = CircuitBreakerConfiguration(),
    isFailure: @escaping @Sendable (any Error) -> Bool = {
      // A total time limit is final for the call, and still too slow an answer.
      $0 is TimeoutError || StandardFailureClassifier().classify($0) != .permanent
    }
  ) {
    self.name = name
    self.configuration = configuration
    self.isFailure = isFailure
  }

  /// Name and ratio.
  public var summaries: [PolicySummary] {
    [PolicySummary(.circuitBreaker, "\(name), failures: \(configuration.failureRatio)")]
  }

  /// Finds the breaker by its name.
  public func bind(to environment: ResilienceEnvironment, pipeline: String) -> BoundCircuitBreaking {
    let breaker = environment.states.state("circuitBreaker", name, configuration) {
      CircuitBreaker(name, configuration, clock: environment.clock, isFailure: isFailure) { from, to in
        environment.tell(.breakerChanged(from: from, to: to), policy: name, pipeline: pipeline)
      }
    }
    return BoundCircuitBreaking(core: breaker.core, environment: environment, pipeline: pipeline)
  }
}

/// A circuit breaker with its clock and state.
public struct BoundCircuitBreaking: SequentialPolicy {
  @usableFromInline let core: CircuitBreakerCore
  let environment: ResilienceEnvironment
  let pipeline: String

  /// Runs `body`, or refuses.
  @inlinable
  public func run<T>(
    _ attempt: ResilienceAttempt, isolation: isolated (any Actor)?,
    _ body: (ResilienceAttempt) async throws -> T
  ) async throws -> T {
    let admitted = try admit()
    do {
      let value = try await body(attempt)
      core.succeeded(admitted)
      return value
    } catch {
      core.failed(admitted, with: error)
      throw error
    }
  }

  @usableFromInline
  func admit() throws(ResilienceError) -> CircuitBreakerCore.Admitted {
    do throws(ResilienceError) {
      return try core.admit()
    } catch {
      environment.tell(.refused(error.code), policy: core.name, pipeline: pipeline)
      throw error
    }
  }
}

extension ResilienceEnvironment {
  /// The breaker of this name, once a pipeline with it was built.
  public func circuitBreaker(_ name: String) -> CircuitBreaker<ResilienceClock>? {
    states.existing("circuitBreaker", name, as: CircuitBreaker<ResilienceClock>.self)
  }
}
