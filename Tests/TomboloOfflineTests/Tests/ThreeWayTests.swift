import Testing
import TomboloPorts
import TomboloQueue
import TomboloStorage
import TomboloTesting

@testable import TomboloOffline

/// Says what all preferences are to be, so that it can be merged field by field.
struct ReplacePreferences: DocumentEdit {
  static let kind = "preferences.replace"
  var userID: String
  var currency: String
  var theme: String

  var documentID: String { userID }

  func apply(to preferences: inout Preferences?) {
    preferences = preferences ?? Preferences()
    preferences?.currency = currency
    preferences?.theme = theme
  }

  func base(over preferences: Preferences?) -> ReplacePreferences? {
    let preferences = preferences ?? Preferences()
    return ReplacePreferences(userID: userID, currency: preferences.currency, theme: preferences.theme)
  }
}

@Suite("Edits that are merged")
struct ThreeWayTests {
  @Test("two devices that changed different fields of one document while apart both keep their change")
  func merge() async throws {
    let server = ReplacingServer()
    let devices = [try await TestDevice.open(), try await TestDevice.open()]
    var collections: [DocumentCollection<Preferences>] = []
    for device in devices {
      let collection = device.preferences.edited(by: ReplacePreferences.self)
      try await collection.take(await server.copy, for: "7")
      collections.append(collection)
    }
    let edits = [
      ReplacePreferences(userID: "7", currency: "BTC", theme: "light"),
      ReplacePreferences(userID: "7", currency: "USD", theme: "dark"),
    ]
    for index in 0...1 {
      try await devices[index].store.write { try $0.edit(collections[index], edits[index]) }
    }
    for index in 0...1 {
      var handlers = HandlerRegistry()
      handlers.handle(ReplacePreferences.self, in: collections[index]) { edit, attempt in
        try await server.replace(edit, replacing: attempt.attempt.replacing, knowing: 1)
      }
      try await devices[index].drain(handlers, resolver: ThreeWayMergeConflictResolver())
    }
    let end = await server.copy
    #expect(end.document?.currency == "BTC")
    #expect(end.document?.theme == "dark")
    #expect(try await collections[1].read("7").value == end.document)
    #expect(try await collections[1].read("7").pending.isEmpty)
  }

  @Test(
    "a merged edit that the server takes without answering with a copy becomes part of what it said as it was merged")
  func mergedWithoutCopy() async throws {
    let device = try await TestDevice.open()
    let collection = device.preferences.edited(by: ReplacePreferences.self)
    try await collection.take(ServerCopy(Preferences(), version: 1), for: "7")
    try await device.store.write {
      try $0.edit(collection, ReplacePreferences(userID: "7", currency: "BTC", theme: "light"))
    }
    let newer = try NewOperation(ReplacePreferences(userID: "7", currency: "USD", theme: "dark")).payload
    var handlers = HandlerRegistry()
    handlers.handle(ReplacePreferences.self, in: collection) { _, attempt in
      attempt.attempt.replacing == nil
        ? .other(.conflict(RemoteVersion(tag: "2", payload: newer, detail: "newer"))) : .accepted(nil)
    }
    try await device.drain(handlers, resolver: ThreeWayMergeConflictResolver())
    let end = try await collection.read("7")
    #expect(end.base == Preferences(currency: "BTC", theme: "dark"))
    #expect(end.pending.isEmpty)
  }

  @Test("the base is what was shown when the edit was made, pending edits included")
  func base() async throws {
    let device = try await TestDevice.open()
    let collection = device.preferences.edited(by: ReplacePreferences.self)
    for currency in ["EUR", "CHF"] {
      try await device.store.write {
        try $0.edit(collection, ReplacePreferences(userID: "7", currency: currency, theme: "light"))
      }
    }
    let bases = try await device.store.queue.list().snapshots.map {
      $0.operation.base.map { String(decoding: $0, as: UTF8.self) }
    }
    #expect(
      bases == [
        #"{"currency":"USD","theme":"light","userID":"7"}"#, #"{"currency":"EUR","theme":"light","userID":"7"}"#,
      ])
  }
}

/// Takes whole documents, and calls it a conflict when it holds a newer one than the device knew.
private actor ReplacingServer {
  private var preferences = Preferences()
  private var version: UInt64 = 1

  var copy: ServerCopy<Preferences> { ServerCopy(preferences, version: version) }

  func replace(
    _ edit: ReplacePreferences, replacing: RemoteVersion?, knowing known: UInt64
  ) throws -> EditAnswer<Preferences> {
    guard version <= (replacing?.tag.flatMap { UInt64($0) } ?? known) else {
      let mine = ReplacePreferences(userID: edit.userID, currency: preferences.currency, theme: preferences.theme)
      return .other(
        .conflict(RemoteVersion(tag: "\(version)", payload: try NewOperation(mine).payload, detail: "newer")))
    }
    preferences.currency = edit.currency
    preferences.theme = edit.theme
    version += 1
    return .accepted(copy)
  }
}
