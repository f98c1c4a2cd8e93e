import Logging
import PreferencesExample
import Synchronization
import Testing
import TomboloOffline
import TomboloPorts
import TomboloQueue
import TomboloStorage
import TomboloTesting

@Suite("The preferences example")
struct BasicExampleTests {
  @Test("tells the happy path: set as critical while offline, at the server at once when the network is back")
  func basic() async throws {
    let lines = Lines()
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    try await BasicExample(store: InMemoryStore(), logger: logger).run { lines.add($0) }
    #expect(
      lines.all == [
        "online: the server has EUR",
        "offline: the program reads BTC",
        "offline: 1 operation waits",
        "offline: the server has EUR",
        "back: the server has BTC",
        "back: 0 operations wait",
      ])
  }

  @Test("one service serves many users")
  func users() async throws {
    let network = ScriptedNetwork(.offline)
    let store = try await OfflineStore.open(store: InMemoryStore())
    let factory = UserPreferencesFactory(store: store, server: InMemoryPreferencesServer())
    let preferences = factory.make(network: network)
    try await preferences.setPreferredCurrency("BTC", of: "7")
    try await preferences.setTheme("dark", of: "8")
    #expect(try await preferences.preferences(of: "7").currency == "BTC")
    #expect(try await preferences.preferences(of: "8").currency == "USD")
    #expect(try await factory.makeLocal().preferences(of: "8").theme == "dark")
  }

  @Test("a currency that the server refuses is taken back")
  func refused() async throws {
    let network = ScriptedNetwork(.offline)
    let notices = Lines()
    let store = try await OfflineStore.open(store: InMemoryStore()) { notices.add("\($0.kind): \($0.reason)") }
    let factory = UserPreferencesFactory(store: store, server: InMemoryPreferencesServer())
    let preferences = factory.make(network: network)
    try await preferences.setPreferredCurrency("GOLD", of: "7")
    network.set(.online)
    try await SyncWorker(queue: store.queue, handler: factory.handlers(), network: network).drain()
    #expect(try await preferences.preferences(of: "7").currency == "USD")
    #expect(notices.all == ["preferences.setCurrency: GOLD is no currency"])
  }
}

private final class Lines: Sendable {
  private let list = Mutex<[String]>([])
  func add(_ line: String) { list.withLock { $0.append(line) } }
  var all: [String] { list.withLock { $0 } }
}
