import Synchronization
import Testing
import TomboloPorts
import TomboloQueue
import TomboloStorage
import TomboloTesting

@testable import TomboloOffline

@Suite("Reading through a composite", .timeLimit(.minutes(10)))
struct CompositeReadingTests {
  private let copy = ServerCopy(Preferences(currency: "EUR"), version: 2)
  private let unreachable = DeliveryFailure(.unreachable, "no route")

  private func device(knowing currency: String? = nil) async throws -> TestDevice {
    let device = try await TestDevice.open()
    if let currency {
      try await device.preferences.take(ServerCopy(Preferences(currency: currency), version: 1), for: "7")
    }
    return device
  }

  @Test("network first asks the server, keeps the answer, and shows pending edits over it")
  func networkFirst() async throws {
    let device = try await device(knowing: "USD")
    try await device.edit(SetTheme(userID: "7", theme: "dark"))
    let snapshot = try await device.composite().read("7") { copy }
    #expect(snapshot.value == Preferences(currency: "EUR", theme: "dark"))
    #expect(snapshot.source == .server)
    #expect(snapshot.age == .zero)
    device.time.advance(by: .seconds(5))
    let kept = try await device.preferences.read("7")
    #expect(kept.base?.currency == "EUR")
    #expect(kept.age == .seconds(5))
  }

  @Test("network first falls back to what is here, and says why")
  func networkFirstFallsBack() async throws {
    let snapshot = try await device(knowing: "USD").composite().read("7") { throw unreachable }
    #expect(snapshot.value?.currency == "USD")
    #expect(snapshot.source == .local)
    #expect((snapshot.failure as? DeliveryFailure)?.code == .unreachable)
  }

  @Test("known to be offline, network first asks nobody; but with nothing here it tries all the same")
  func offline() async throws {
    let known = try await device(knowing: "USD")
    known.network.set(.offline)
    #expect(try await known.composite().read("7") { throw Unexpected("asked") }.value?.currency == "USD")
    let unknown = try await device()
    unknown.network.set(.offline)
    #expect(try await unknown.composite().read("7") { copy }.value?.currency == "EUR")
  }

  @Test("a final refusal is told: what is here does not stand in for it")
  func refused() async throws {
    let device = try await device(knowing: "USD")
    let error = await #expect(throws: OfflineError.self) {
      try await device.composite().read("7") { throw DeliveryFailure(.refused, "not yours") }
    }
    #expect(error?.code == .refused)
    #expect(error?.audience == .program)
  }

  @Test("when neither half has it, one error carries both causes")
  func bothFail() async throws {
    let device = try await device()
    let error = await #expect(throws: OfflineError.self) {
      try await device.composite().read("7") { throw unreachable }
    }
    #expect(error?.code == .bothFailed)
    #expect(error?.audience == .user)
    #expect((error?.cause as? DeliveryFailure)?.code == .unreachable)
    #expect((error?.localCause as? OfflineError)?.code == .notStored)
  }

  @Test("local first asks nobody when something is here, and the server when nothing is")
  func localFirst() async throws {
    let known = try await device(knowing: "USD").composite()
    #expect(try await known.read("7", policy: .localFirst) { throw Unexpected("asked") }.value?.currency == "USD")
    let unknown = try await device().composite()
    #expect(try await unknown.read("7", policy: .localFirst) { copy }.value?.currency == "EUR")
  }

  @Test("local only never asks")
  func localOnly() async throws {
    let device = try await device()
    let error = await #expect(throws: OfflineError.self) {
      try await device.composite().read("7", policy: .localOnly) { copy }
    }
    #expect(error?.code == .notStored)
    try await device.edit(SetCurrency(userID: "7", currency: "BTC"))
    #expect(try await device.composite().read("7", policy: .localOnly) { copy }.value?.currency == "BTC")
  }

  @Test("stale while revalidate: fresh asks nobody, stale is given and asked for behind, too old is asked for first")
  func staleWhileRevalidate() async throws {
    let device = try await device(knowing: "USD")
    let composite = device.composite()
    let policy = ReadingPolicy.staleWhileRevalidate(fresh: .seconds(10), ageMaximum: .seconds(60))
    device.time.advance(by: .seconds(10))
    let fresh = try await composite.read("7", policy: policy) { throw Unexpected("asked") }
    #expect(fresh.value?.currency == "USD")
    #expect(composite.refreshes.next() == nil)

    device.time.advance(by: .seconds(1))
    let (asked, ask) = AsyncStream<Void>.makeStream()
    let stale = try await composite.read("7", policy: policy) {
      ask.yield()
      return ServerCopy(Preferences(currency: "EUR"), version: 2)
    }
    #expect(stale.value?.currency == "USD")
    #expect(stale.age == .seconds(11))
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await composite.run() }
      for await _ in asked { break }
      while try await device.value()?.currency != "EUR" { await Task.yield() }
      group.cancelAll()
    }

    device.time.advance(by: .seconds(61))
    let old = try await composite.read("7", policy: policy) {
      ServerCopy(Preferences(currency: "CHF"), version: 3)
    }
    #expect(old.value?.currency == "CHF")
    #expect(old.source == .server)
  }

  @Test("while it runs, an edit that came to nothing is told without anybody reading")
  func toldWhileRunning() async throws {
    let device = try await device()
    let composite = device.composite()
    let id = try #require(try await device.edit(SetCurrency(userID: "7", currency: "BTC"), id: "mine")).id
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await composite.run() }
      // The event may come before the composite listens; then it is told by what it does first.
      try await device.store.queue.discard(id, reason: "by hand")
      while device.told.all.isEmpty { await Task.yield() }
      group.cancelAll()
    }
    #expect(device.told.all.map(\.editID) == ["mine"])
  }

  /// Set in the tasks of a composite that runs.
  @TaskLocal private static var isRunning = false

  @Test("while it runs, what ends in a burst costs a few passes over the documents, not one each")
  func burst() async throws {
    let faulty = FaultyStore(InMemoryStore())
    let device = try await TestDevice.open(faulty)
    let ids = try await device.store.write { transaction in
      try transaction.edit(device.preferences, SetCurrency(userID: "7", currency: "BTC"), editID: "mine")
      for _ in 1...100 { transaction.enqueue(NewOperation(kind: "raw", payload: [])) }
    }.map(\.id)
    let reads = Mutex(0)
    let (isRead, read) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    let (isOpen, open) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    faulty.onRead { _ in
      guard Self.isRunning else { return }
      reads.withLock { $0 += 1 }
      read.yield()
      // Until all of them ended.
      for await _ in isOpen { break }
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await Self.$isRunning.withValue(true) { await device.composite().run() } }
      for await _ in isRead { break }
      for id in ids { try await device.store.queue.discard(id, reason: "by hand") }
      open.finish()
      while device.told.all.isEmpty { await Task.yield() }
      // Time for passes that nobody needs.
      for _ in 1...1_000 { await Task.yield() }
      group.cancelAll()
    }
    #expect(device.told.all.map(\.editID) == ["mine"])
    #expect(reads.withLock { $0 } < 100)
  }
}
