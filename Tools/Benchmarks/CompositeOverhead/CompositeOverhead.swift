import Logging
import PreferencesExample
import TomboloNetwork
import TomboloOffline
import TomboloPorts
import TomboloStorage

/// What a composite adds to a plain service: the mean time of a call, one after another, on a store in memory, so that no flush
/// is measured.
@main
struct CompositeOverhead {
  static let callCount = 2_000

  static func main() async throws {
    var logger = Logger(label: "overhead")
    logger.logLevel = .error
    let server = InMemoryPreferencesServer()
    let monitor = NetworkMonitor(logger: logger)
    let store = try await OfflineStore.open(store: InMemoryStore(), logger: logger)
    let composite = UserPreferencesFactory(store: store, server: server).make(network: monitor)

    try await measure("plain service, read") { _ in _ = try await server.preferences(of: "plain") }
    try await measure("plain service, write") { number in
      let edit = SetPreferredCurrency(userID: "plain\(number)", currency: "EUR")
      _ = try await server.apply(edit, idempotencyKey: "plain-\(number)")
    }
    monitor.setOverride(.online)
    try await measure("composite online, write") {
      try await composite.setPreferredCurrency("EUR", of: "\($0)")
    }
    try await measure("composite online, read") { _ = try await composite.preferences(of: "\($0)") }
    monitor.setOverride(.offline)
    try await measure("composite offline, write") {
      try await composite.setPreferredCurrency("BTC", of: "\($0)")
    }
    try await measure("composite offline, read, one edit pending") { _ = try await composite.preferences(of: "\($0)") }
  }

  private static func measure(_ name: String, _ call: @Sendable (Int) async throws -> Void) async throws {
    let start = ContinuousClock().now
    for number in 0..<callCount { try await call(number) }
    let each = start.duration(to: ContinuousClock().now) / callCount
    print("\(name): \((each.inSeconds * 10_000_000).rounded() / 10) µs")
  }
}
