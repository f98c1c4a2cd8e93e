import Logging
import Synchronization
import TomboloPorts
import TomboloResilience
import TomboloTesting

@testable import TomboloComposition

/// A delivery from a script with policies around it, on a clock that stands still.
final class ResilientWorld: Sendable {
  let time = ManualTimeSource()
  let memory: ResilienceMemory
  let policies: DeliveryPolicies
  let script: ScriptedDelivery
  let delivery: ResilientDelivery
  private let online: Online

  private final class Online: Sendable {
    let value: Atomic<Bool>
    init(_ value: Bool) { self.value = Atomic(value) }
  }

  init(
    _ policies: [PolicyDescription] = [], budget: RetryBudget? = nil, memory: ResilienceMemory? = nil,
    isOnline: Bool = true, _ script: ScriptedDelivery
  ) throws {
    self.memory =
      memory ?? ResilienceMemory(time: time, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let online = Online(isOnline)
    self.online = online
    self.policies = try DeliveryPolicies(
      PipelineSettings("upstream", retryBudget: budget, described: policies), memory: self.memory,
      isOnline: { online.value.load(ordering: .relaxed) })
    self.script = script
    delivery = ResilientDelivery(script, policies: self.policies)
  }

  /// What the network monitor says.
  var isOnline: Bool {
    get { online.value.load(ordering: .relaxed) }
    set { online.value.store(newValue, ordering: .relaxed) }
  }

  func outcome(attempt: Int = 1) async throws -> DeliveryOutcome {
    let operation = SyncOperation(
      id: OperationID(high: 1, low: 0), kind: "test", enqueuedAt: Timestamp(millisecondsSinceEpoch: 0))
    return try await delivery.deliver(operation, attempt: DeliveryAttempt(number: attempt))
  }

  func deliver(attempt: Int = 1) async throws -> String { Self.label(try await outcome(attempt: attempt)) }

  /// The outcome in words, with its wait; without that of a snooze, which is spread.
  static func label(_ outcome: DeliveryOutcome) -> String {
    if case .snooze = outcome { return outcome.label }
    return outcome.label + (outcome.pause.map { " \($0)" } ?? "")
  }
}
