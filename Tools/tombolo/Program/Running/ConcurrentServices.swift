import ServiceLifecycle

/// Several services that stop at the same moment.
///
/// A service group stops one after the other: a client that never finishes its request would use up the grace period before
/// the deliveries in flight even heard of it.
struct ConcurrentServices: Service {
  let services: [any Service]

  func run() async throws {
    // Child tasks inherit the group's signal to stop.
    try await withThrowingTaskGroup(of: Void.self) { group in
      for service in services { group.addTask { try await service.run() } }
      // The first that fails ends the others.
      while try await group.next() != nil {}
    }
  }
}
