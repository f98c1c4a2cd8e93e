import Testing
import TomboloPorts
import TomboloQueue
import TomboloStorage
import TomboloTesting

@testable import TomboloOffline

@Suite("Documents")
struct DocumentTests {
  private func handlers(
    _ device: TestDevice, answer: @escaping @Sendable (SetCurrency) async throws -> EditAnswer<Preferences>
  ) -> HandlerRegistry {
    var handlers = HandlerRegistry()
    handlers.handle(SetCurrency.self, in: device.preferences) { edit, _ in try await answer(edit) }
    handlers.handle(SetTheme.self, in: device.preferences) { _, _ in
      .other(.retry(after: nil, DeliveryFailure(.upstreamFailed, "later")))
    }
    return handlers
  }

  @Test("an edit shows at once, over what the server last said")
  func optimistic() async throws {
    let device = try await TestDevice.open()
    try await device.preferences.take(ServerCopy(Preferences(theme: "dark"), version: 1), for: "7")
    try await device.edit(SetCurrency(userID: "7", currency: "BTC"), id: "first")
    let snapshot = try await device.preferences.read("7")
    #expect(snapshot.value == Preferences(currency: "BTC", theme: "dark"))
    #expect(snapshot.base == Preferences(currency: "USD", theme: "dark"))
    #expect(snapshot.pending.map(\.id) == ["first"])
    #expect(snapshot.pending.map(\.kind) == ["preferences.setCurrency"])
    #expect(try await device.preferences.read("8").isKnown == false)
  }

  @Test("what is shown survives a restart")
  func restart() async throws {
    let device = try await TestDevice.open()
    try await device.edit(SetCurrency(userID: "7", currency: "BTC"))
    #expect(try await device.reopened().value()?.currency == "BTC")
  }

  @Test("edits that wait are applied again over what the server says meanwhile")
  func rebase() async throws {
    let device = try await TestDevice.open()
    try await device.edit(SetCurrency(userID: "7", currency: "BTC"))
    try await device.edit(SetTheme(userID: "7", theme: "dark"))
    let handlers = handlers(device) { edit in
      // Another device added something, and the server knows.
      .accepted(ServerCopy(Preferences(currency: edit.currency, favourites: ["tea"]), version: 5, tag: "v5"))
    }
    try await device.drain(handlers)
    let snapshot = try await device.preferences.read("7")
    #expect(snapshot.base == Preferences(currency: "BTC", favourites: ["tea"]))
    #expect(snapshot.value == Preferences(currency: "BTC", theme: "dark", favourites: ["tea"]))
    #expect(snapshot.tag == "v5")
    #expect(snapshot.pending.map(\.kind) == ["preferences.setTheme"])
  }

  @Test("an edit that does not fit the server's state any more is listed, does not show, and is delivered all the same")
  func inapplicableAfterRebase() async throws {
    let device = try await TestDevice.open()
    try await device.edit(AddFavourite(userID: "7", name: "tea"), id: "mine")
    try await device.preferences.take(ServerCopy(Preferences(favourites: ["tea"]), version: 1), for: "7")
    let snapshot = try await device.preferences.read("7")
    #expect(snapshot.inapplicable == ["mine"])
    #expect(snapshot.value?.favourites == ["tea"])
    #expect(try await device.operationIDs == ["mine"])
  }

  @Test("a rejected edit is taken back, the others stay, and the program is told which and why")
  func rollBack() async throws {
    let device = try await TestDevice.open()
    try await device.preferences.take(ServerCopy(Preferences(), version: 1), for: "7")
    try await device.edit(SetCurrency(userID: "7", currency: "XXX"), id: "bad")
    try await device.edit(SetTheme(userID: "7", theme: "dark"), id: "good")
    try await device.drain(handlers(device) { _ in .other(.reject(DeliveryFailure(.refused, "no such currency"))) })
    let snapshot = try await device.preferences.read("7")
    #expect(snapshot.value == Preferences(currency: "USD", theme: "dark"))
    #expect(snapshot.pending.map(\.id) == ["good"])
    let notice = try #require(snapshot.notices.first)
    #expect(snapshot.notices.count == 1)
    #expect((notice.documentType, notice.documentID) == ("preferences", "7"))
    #expect((notice.editID, notice.kind) == ("bad", "preferences.setCurrency"))
    #expect((notice.end, notice.reason) == (.deadLettered, "no such currency"))
    #expect(device.told.all == [notice])
  }

  @Test("a notice stays until it is acknowledged, also across a restart")
  func acknowledge() async throws {
    let first = try await TestDevice.open()
    try await first.edit(SetCurrency(userID: "7", currency: "XXX"), id: "bad")
    try await first.drain(handlers(first) { _ in .other(.reject(DeliveryFailure(.refused, "no"))) })
    let device = try await first.reopened()
    let notices = try await device.preferences.read("7").notices
    #expect(notices.map(\.editID) == ["bad"])
    #expect(notices.map(\.documentID) == ["7"])
    try await device.preferences.acknowledge(notices)
    #expect(try await device.preferences.read("7").notices.isEmpty)
    #expect(device.told.all.count == 1)
  }

  @Test("with a handler that knows nothing of documents, a delivered edit becomes part of what the server said")
  func plainHandler() async throws {
    let device = try await TestDevice.open()
    try await device.edit(AddFavourite(userID: "7", name: "tea"))
    try await device.drain(RecordingHandler())
    for reader in [device, try await device.reopened()] {
      let snapshot = try await reader.preferences.read("7")
      #expect(snapshot.base?.favourites == ["tea"])
      #expect(snapshot.value?.favourites == ["tea"])
      #expect(snapshot.pending.isEmpty)
    }
  }

  @Test("with a handler that knows nothing of documents, what comes to nothing is taken back with a notice")
  func plainHandlerRejects() async throws {
    let device = try await TestDevice.open()
    try await device.edit(SetCurrency(userID: "7", currency: "EUR"), id: "rejected")
    try await device.drain(RecordingHandler { _, _ in .reject(DeliveryFailure(.refused, "gone")) })
    let id = try #require(try await device.edit(SetCurrency(userID: "7", currency: "CHF"), id: "discarded")).id
    #expect(try await device.value()?.currency == "CHF")
    try await device.store.queue.discard(id, reason: "by hand")
    let snapshot = try await device.preferences.read("7")
    #expect(snapshot.value == nil)
    #expect(snapshot.notices.map(\.editID) == ["rejected", "discarded"])
    #expect(snapshot.notices.map(\.end) == [.deadLettered, .discarded])
    #expect(snapshot.notices.first?.reason == "gone")
    #expect(device.told.all == snapshot.notices)
    #expect(try await device.preferences.settleAll() == 1)
  }

  @Test("an edit that expired is taken back with a notice")
  func expired() async throws {
    let device = try await TestDevice.open()
    let end = device.time.now.advanced(by: .seconds(5))
    try await device.store.write {
      try $0.edit(device.preferences, SetCurrency(userID: "7", currency: "EUR"), expiresAt: end)
    }
    device.time.advance(by: .seconds(6))
    try await device.drain(RecordingHandler())
    let snapshot = try await device.preferences.read("7")
    #expect(snapshot.value == nil)
    #expect(snapshot.notices.map(\.end) == [.expired])
  }

  @Test("why an edit was taken back is what was said when its operation ended, also in the next process")
  func storedReasons() async throws {
    let first = try await TestDevice.open()
    let id = try #require(try await first.edit(SetCurrency(userID: "7", currency: "CHF"), id: "discarded")).id
    try await first.store.queue.discard(id, reason: "the account is closed")
    try await first.edit(SetTheme(userID: "7", theme: "dark"), id: "kept away")
    let conflict = RemoteVersion(detail: "another device changed the theme")
    try await first.drain(RecordingHandler { _, _ in .conflict(conflict) }, resolver: RemoteWinsConflictResolver())
    let end = first.time.now.advanced(by: .seconds(5))
    try await first.store.write {
      try $0.edit(first.preferences, SetTheme(userID: "7", theme: "grey"), editID: "late", expiresAt: end)
    }
    try await first.drain(RecordingHandler { _, _ in .retry(after: nil, DeliveryFailure(.upstreamFailed, "500")) })
    first.time.advance(by: .seconds(11))
    try await first.drain(RecordingHandler())
    let device = try await first.reopened()
    let notices = try await device.preferences.read("7").notices
    #expect(notices.map(\.editID) == ["discarded", "kept away", "late"])
    #expect(notices.map(\.end) == [.discarded, .discarded, .expired])
    #expect(
      notices.map(\.reason) == [
        "the account is closed", "the upstream's version stands: another device changed the theme",
        "it was not delivered before it expired; the last attempt failed: 500",
      ])
  }

  @Test("an edit whose end the queue has forgotten is taken back, and how it ended is told as not known")
  func forgottenEnd() async throws {
    let device = try await TestDevice.open { $0.idempotencyRetention = .seconds(60) }
    try await device.edit(SetCurrency(userID: "7", currency: "EUR"), id: "mine")
    try await device.drain(RecordingHandler())
    device.time.advance(by: .seconds(61))
    try await device.drain(RecordingHandler())
    #expect(try await device.store.queue.standings(ofIdempotencyKeys: ["mine"]) == [nil])
    for reader in [device, try await device.reopened()] {
      let notices = try await reader.preferences.read("7").notices
      #expect(notices.map(\.editID) == ["mine"])
      #expect(notices.map(\.end) == [nil])
      #expect(
        notices.map(\.reason) == ["it ended longer ago than the queue remembers, and nothing is known of how"])
    }
  }

  @Test("a parked edit shows on: it is not settled")
  func parked() async throws {
    let device = try await TestDevice.open()
    try await device.edit(SetCurrency(userID: "7", currency: "EUR"))
    try await device.drain(RecordingHandler { _, _ in .park(DeliveryFailure(.conflict, "ask somebody")) })
    let snapshot = try await device.preferences.read("7")
    #expect(snapshot.value?.currency == "EUR")
    #expect(snapshot.pending.count == 1)
    #expect(snapshot.notices.isEmpty)
  }

  @Test(
    "an edit that the server has, though its answer was lost, does not show twice, and stays pending until it is told")
  func includedEdit() async throws {
    let device = try await TestDevice.open()
    try await device.edit(AppendFavourite(userID: "7", name: "tea"), id: "mine")
    let copy = ServerCopy(Preferences(favourites: ["tea"]), version: 1, includedEdits: ["mine"])
    try await device.preferences.take(copy, for: "7")
    #expect(try await device.value()?.favourites == ["tea"])
    #expect(try await device.preferences.read("7").pending.map(\.isIncluded) == [true])
    try await device.drain(RecordingHandler())
    #expect(try await device.value()?.favourites == ["tea"])
    #expect(try await device.preferences.read("7").pending.isEmpty)
  }

  @Test("a copy that is older than what is known is not taken")
  func olderCopy() async throws {
    let device = try await TestDevice.open()
    try await device.preferences.take(ServerCopy(Preferences(currency: "EUR"), version: 5), for: "7")
    try await device.preferences.take(ServerCopy(Preferences(currency: "USD"), version: 4), for: "7")
    #expect(try await device.value()?.currency == "EUR")
  }

  @Test("a document of an older program is upgraded; one of a newer program is refused and left as it is")
  func versions() async throws {
    let device = try await TestDevice.open()
    try await device.preferences.take(ServerCopy(Preferences(currency: "EUR")), for: "7")
    let newer = DocumentCollection(NewerPreferences.self, in: device.store)
    #expect(try await newer.read("7").value?.money == "EUR")
    try await newer.take(ServerCopy(NewerPreferences(money: "BTC")), for: "7")
    let error = await #expect(throws: OfflineError.self) { try await device.preferences.read("7") }
    #expect(error?.code == .newerDocument)
    #expect(try await newer.read("7").value?.money == "BTC")
  }

  @Test("a pending edit of an older program is upgraded before it shows")
  func editVersions() async throws {
    let device = try await TestDevice.open()
    let older = device.preferences.edited(by: SetTone.self)
    try await device.store.write { try $0.edit(older, SetTone(userID: "7", tone: "dark")) }
    let snapshot = try await device.preferences.edited(by: NewerSetTone.self).read("7")
    #expect(snapshot.value?.theme == "dark")
    #expect(snapshot.inapplicable.isEmpty)
  }

  @Test("a damaged record is told as such, and is not taken for an empty one")
  func damage() async throws {
    let device = try await TestDevice.open()
    try await device.preferences.take(ServerCopy(Preferences()), for: "7")
    let key = DocumentKey(type: "preferences", id: "7").record
    var value = try #require(try await device.base.get(key)).value
    value[value.count / 2] ^= 0x10
    _ = try await device.base.commit([Batch(mutations: [.put(key, value)])])
    let error = await #expect(throws: OfflineError.self) { try await device.preferences.read("7") }
    #expect(error?.code == .undecodable)
  }

  @Test("a document that nothing is known of any more leaves nothing behind")
  func space() async throws {
    let device = try await TestDevice.open()
    try await device.edit(SetCurrency(userID: "7", currency: "XXX"))
    try await device.drain(RecordingHandler { _, _ in .reject(DeliveryFailure(.refused, "gone")) })
    try await device.preferences.acknowledge(try await device.preferences.read("7").notices)
    #expect(try await device.base.scan(.prefix(Key("d")), limit: 10).isEmpty)
  }
}

struct SetTone: DocumentEdit {
  static let kind = "preferences.setTone"
  var userID: String
  var tone: String

  var documentID: String { userID }

  func apply(to preferences: inout Preferences?) {
    preferences = preferences ?? Preferences()
    preferences?.theme = tone
  }
}

/// The same edit in a later program.
struct NewerSetTone: DocumentEdit {
  static let kind = "preferences.setTone"
  static let version = 2
  var userID: String
  var theme: String

  var documentID: String { userID }

  func apply(to preferences: inout Preferences?) {
    preferences = preferences ?? Preferences()
    preferences?.theme = theme
  }

  static func upgrade(_ payload: [UInt8], from version: Int) throws -> [UInt8] {
    Array(String(decoding: payload, as: UTF8.self).replacing(#""tone""#, with: #""theme""#).utf8)
  }
}

/// The same documents in a later program.
struct NewerPreferences: OfflineDocument {
  static let documentType = "preferences"
  static let documentVersion = 2

  var money: String

  static func upgraded(from version: Int, _ stored: [UInt8]) throws -> NewerPreferences {
    NewerPreferences(money: try StoredDocument(version: version, bytes: stored).decoded(as: Preferences.self).currency)
  }
}
