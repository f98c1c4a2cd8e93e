import TomboloContainer
import TomboloPorts
import TomboloResilience

/// The parts that a reload replaces, all made from one configuration: delivery, conflicts, backoff, probe.
///
/// A container of its own makes and closes them, so that either all of them are there or nothing is left open.
struct Generation: Sendable {
  let handler: any OperationHandler
  let resolver: any ConflictResolver
  let backoff: any BackoffStrategy
  let probe: ReachabilityProbeSlot
  let policies: DeliveryPolicies?
  private let container: Container

  /// Makes every part. Throws what the part says that cannot be made; those made before it are closed again.
  static func make(_ configuration: Configuration, shared: [ContainerModule]) async throws -> Generation {
    var builder = ContainerBuilder()
    builder.value(configuration)
    for module in shared { builder.install(module) }
    builder.install(strategies)
    builder.install(delivery)
    let container = try builder.build()
    do {
      return try await container.start { container in
        let delivery = try await container.resolve(DeliveryPoliciesSlot.self)
        return Generation(
          handler: delivery.handler, resolver: try await container.resolve(), backoff: try await container.resolve(),
          probe: try await container.resolve(), policies: delivery.policies, container: container)
      }
    } catch let error as ContainerError {
      throw error.reason
    }
  }

  func close() async throws { try await container.close() }
}

/// The delivery without policies around it.
private struct PlainDelivery: Sendable {
  var handler: any OperationHandler
}

extension Generation {
  static let strategies = ContainerModule("strategies") { builder in
    builder.singleton((any BackoffStrategy).self) {
      (configuration: Configuration, registry: PluginRegistry, context: PluginContext) in
      try await registry.make((any BackoffStrategy).self, from: configuration.queue.backoff, in: context)
    }
    builder.singleton((any ConflictResolver).self) {
      (configuration: Configuration, registry: PluginRegistry, context: PluginContext) in
      try await registry.make((any ConflictResolver).self, from: configuration.queue.conflict, in: context)
    }
  }

  static let delivery = ContainerModule("delivery") { builder in
    builder.singleton(PlainDelivery.self, close: { try await ($0.handler as? any Closable)?.close() }) {
      (configuration: Configuration, registry: PluginRegistry, context: PluginContext) in
      PlainDelivery(
        handler: try await registry.make((any OperationHandler).self, from: configuration.delivery, in: context))
    }
    // Last of all: it changes what the policies of a running configuration remember, and nothing may fail after that.
    builder.singleton(DeliveryPoliciesSlot.self) {
      (
        configuration: Configuration, memory: ResilienceMemory, network: NetworkHint, context: PluginContext,
        plain: PlainDelivery, _: ReachabilityProbeSlot, _: any BackoffStrategy, _: any ConflictResolver
      ) in
      let policies = try configuration.resilience.map { settings in
        try DeliveryPolicies(settings, memory: memory, isOnline: { network.isOnline }, warn: context.warn)
      }
      return DeliveryPoliciesSlot(
        policies: policies, handler: policies.map { ResilientDelivery(plain.handler, policies: $0) } ?? plain.handler)
    }
    builder.singleton(ReachabilityProbeSlot.self, close: { try await $0.close() }) {
      (configuration: Configuration, registry: PluginRegistry, context: PluginContext) in
      try await ReachabilityProbeSlot.make(configuration, registry, context)
    }
  }
}

extension ContainerError {
  /// What a part itself said, without the way to it: that is what a user can act on. Failures to close come with it.
  var reason: any Error {
    guard let cause, closeFailures.isEmpty else { return self }
    return (cause as? ContainerError).map(\.reason) ?? cause
  }
}
