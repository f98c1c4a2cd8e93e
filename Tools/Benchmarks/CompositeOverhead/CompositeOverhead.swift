import Logging
import PreferencesExample
import TomboloNetwork
import TomboloOffline
import TomboloPorts
import TomboloStorage

/// What a composite adds to a plain service: the time of a call, one after another, on a store in memory, so that no flush is measured.
/// Each number is the median of the rounds' means; the service itself is in memory, too.
@main
struct CompositeOverhead {
  private static let roundCount = 9
  private static let callCount = 1_000

  static func main() async throws {
    var logger = Logger(label: "overhead")
    logger.logLevel = .error
    let server = InMemoryPreferencesServer()
    let monitor = NetworkMonitor(logger: logger)
    let store = try await OfflineStore.open(store: InMemoryStore(), logger: logger)
    let composite = UserPreferencesFactory(store: store, server: server).make(network: monitor)

    let write = try await measured { user in
      _ = try await server.apply(SetPreferredCurrency(userID: "plain \(user)", currency: "EUR"), idempotencyKey: user)
    }
    let read = try await measured { _ = try await server.preferences(of: "plain \($0)") }
    monitor.setOverride(.online)
    tell("online, write", write, try await measured { try await composite.setPreferredCurrency("EUR", of: $0) })
    tell("online, read", read, try await measured { _ = try await composite.preferences(of: $0) })
    monitor.setOverride(.offline)
    // There is nothing to compare with: without the network the plain service fails.
    tell("offline, write", 0, try await measured { try await composite.setPreferredCurrency("BTC", of: $0) })
    tell("offline, read, an edit pending", 0, try await measured { _ = try await composite.preferences(of: $0) })
  }

  private static func tell(_ name: String, _ plain: Double, _ composite: Double) {
    func text(_ microseconds: Double) -> String { "\((microseconds * 10).rounded() / 10) µs" }
    let comparison = plain > 0 ? ", the plain service \(text(plain)): \(text(composite - plain)) added" : ""
    print("\(name): \(text(composite))\(comparison)")
  }

  /// The microseconds of one call; each call of a round is about another user.
  private static func measured(_ call: @Sendable (_ user: String) async throws -> Void) async throws -> Double {
    var means: [Double] = []
    for round in 0..<roundCount {
      let start = ContinuousClock().now
      for number in 0..<callCount { try await call("\(round)-\(number)") }
      means.append((start.duration(to: ContinuousClock().now) / callCount).inSeconds * 1_000_000)
    }
    return means.sorted()[roundCount / 2]
  }
}
