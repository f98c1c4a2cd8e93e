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
    let factory = UserPreferencesFactory(store: store, server: InMemoryPreferencesServer(), network: network)
    let preferences = factory.make()
    try await preferences.setPreferredCurrency("BTC", of: "7")
    try await preferences.setTheme("dark", of: "8")
    #expect(try await preferences.preferences(of: "7").currency == "BTC")
    #expect(try await preferences.preferences(of: "8").currency == "USD")
    #expect(try await factory.makeLocal().preferences(of: "8").theme == "dark")
  }

  @Test("all that a factory makes is one composite: two services take turns", .timeLimit(.minutes(5)))
  func oneComposite() async throws {
    let server = HeldServer()
    let store = try await OfflineStore.open(store: InMemoryStore())
    let factory = UserPreferencesFactory(store: store, server: server, network: ScriptedNetwork())
    let services = [factory.make(), factory.make()]
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (service, currency) in zip(services, ["EUR", "CHF"]) {
        group.addTask { try await service.setPreferredCurrency(currency, of: "7") }
      }
      await server.waitForCall()
      // The other has had every chance to come, too.
      for _ in 0..<1_000 { await Task.yield() }
      await server.letGo()
      try await group.waitForAll()
    }
    #expect(await server.underWayMaximum == 1)
  }

  @Test("what is shown at once is asked for behind while the factory runs", .timeLimit(.minutes(5)))
  func recentPreferences() async throws {
    let time = ManualTimeSource()
    let store = try await OfflineStore.open(store: InMemoryStore(), time: time)
    let server = InMemoryPreferencesServer()
    let factory = UserPreferencesFactory(store: store, server: server, network: ScriptedNetwork())
    let preferences = factory.make()
    try await preferences.setPreferredCurrency("EUR", of: "7")
    _ = try await server.apply(SetPreferredCurrency(userID: "7", currency: "CHF"), idempotencyKey: "elsewhere")
    time.advance(by: .seconds(61))
    #expect(try await preferences.recentPreferences(of: "7").currency == "EUR")
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await factory.run() }
      for try await snapshot in factory.documents.snapshots(of: "7") where snapshot.value?.currency == "CHF" { break }
      group.cancelAll()
    }
    await server.setReachable(false)
    #expect(try await preferences.recentPreferences(of: "7").currency == "CHF")
  }

  @Test("a currency that the server refuses is taken back")
  func refused() async throws {
    let network = ScriptedNetwork(.offline)
    let notices = Lines()
    let store = try await OfflineStore.open(store: InMemoryStore()) { notices.add("\($0.kind): \($0.reason)") }
    let factory = UserPreferencesFactory(store: store, server: InMemoryPreferencesServer(), network: network)
    let preferences = factory.make()
    try await preferences.setPreferredCurrency("GOLD", of: "7")
    network.set(.online)
    try await SyncWorker(queue: store.queue, handler: factory.handlers(), network: network).drain()
    #expect(try await preferences.preferences(of: "7").currency == "USD")
    #expect(notices.all == ["preferences.setCurrency: GOLD is no currency"])
  }
}

/// Has every edit wait until it is let go, and counts how many are there at once.
private actor HeldServer: PreferencesServer {
  private let base = InMemoryPreferencesServer()
  private var isOpen = false
  private var held: [CheckedContinuation<Void, Never>] = []
  private let (calls, call) = AsyncStream<Void>.makeStream()
  private var underWay = 0
  private(set) var underWayMaximum = 0

  func waitForCall() async { for await _ in calls { break } }
  func letGo() {
    isOpen = true
    for continuation in held { continuation.resume() }
    held.removeAll()
  }

  func preferences(of userID: String) async throws -> ServerCopy<Preferences> {
    try await base.preferences(of: userID)
  }

  func apply(
    _ edit: some PreferencesEdit, idempotencyKey: String, editedAt: Timestamp?, replacing: RemoteVersion?
  ) async throws -> ServerCopy<Preferences> {
    underWay += 1
    underWayMaximum = max(underWayMaximum, underWay)
    defer { underWay -= 1 }
    call.yield()
    if !isOpen { await withCheckedContinuation { held.append($0) } }
    return try await base.apply(
      edit, idempotencyKey: idempotencyKey, editedAt: editedAt, replacing: replacing)
  }
}

private final class Lines: Sendable {
  private let list = Mutex<[String]>([])
  func add(_ line: String) { list.withLock { $0.append(line) } }
  var all: [String] { list.withLock { $0 } }
}
