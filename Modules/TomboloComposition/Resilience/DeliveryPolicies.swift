import TomboloPorts
import TomboloResilience

/// The policies around a delivery, with what they remember.
public struct DeliveryPolicies: Sendable {
  /// The name of their list in the config.
  public var name: String { settings.name }

  let settings: PipelineSettings
  let pipeline: ResiliencePipeline<BoundDescribedPolicies>
  let budget: SharedRetryBudget?
  let memory: ResilienceMemory
  /// Whether the network is there. Without it, that nobody answers is not the upstream's fault.
  let isOnline: @Sendable () -> Bool

  /// - Throws: `PolicyOrderError`; not for settings that a config was read into.
  init(
    _ settings: PipelineSettings, memory: ResilienceMemory, isOnline: @escaping @Sendable () -> Bool,
    warn: @Sendable (String) -> Void = { _ in }
  ) throws {
    self.settings = settings
    self.memory = memory
    self.isOnline = isOnline
    pipeline = try ResiliencePipeline(settings.name, environment: memory.environment) {
      DescribedPolicies(settings.policies.map(\.policy))
    }
    budget = settings.retryBudget.map { memory.environment.retryBudget($0) }
    if settings.policies.flatMap(\.policy.summaries).contains(where: { $0.kind == .chaos }) {
      warn("resilience.\(settings.name) injects faults on purpose: remove the policy chaos after the drill")
    }
  }
}

/// The policies of a system, if it has any, and the delivery with them around it.
struct DeliveryPoliciesSlot: Sendable {
  var policies: DeliveryPolicies?
  var handler: any OperationHandler
}
