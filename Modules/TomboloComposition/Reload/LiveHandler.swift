import TomboloPorts

/// Delivers through whatever handler the present configuration names. A delivery ends with the one it began with.
struct LiveHandler: OperationHandler {
  let parts: LiveParts

  var upstream: String { parts.current?.handler.upstream ?? "" }

  func upstream(for operation: SyncOperation) -> String { parts.current?.handler.upstream(for: operation) ?? "" }

  func deliver(_ operation: SyncOperation, attempt: DeliveryAttempt) async throws -> DeliveryOutcome {
    let outcome = try await parts.use { generation in
      try await generation.handler.deliver(operation, attempt: attempt)
    }
    // Closed: the worker has ended, and what it may still try goes back unburnt.
    guard let outcome else { throw CancellationError() }
    return outcome
  }
}

/// Decides conflicts as the present configuration says.
struct LiveResolver: ConflictResolver {
  let parts: LiveParts

  func resolve(_ operation: SyncOperation, against remote: RemoteVersion) async throws -> ResolutionResult {
    let result = try await parts.use { generation in
      try await generation.resolver.resolve(operation, against: remote)
    }
    guard let result else { throw CancellationError() }
    return result
  }
}

/// Asks the probe of the present configuration.
struct LiveProbe: ReachabilityProbe {
  let parts: LiveParts

  var target: String { parts.current?.probe.probe?.target ?? "nothing" }

  var isOnThisMachine: Bool { parts.current?.probe.probe?.isOnThisMachine ?? false }

  func check() async -> ProbeResult {
    let result = await parts.use { await $0.probe.probe?.check() } ?? nil
    return result ?? ProbeResult(.limited, detail: "there is nothing to ask")
  }
}
