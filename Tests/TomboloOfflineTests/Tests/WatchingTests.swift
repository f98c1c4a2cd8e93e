import Testing
import TomboloPorts
import TomboloQueue
import TomboloStorage
import TomboloTesting

@testable import TomboloOffline

@Suite("Watching a document", .timeLimit(.minutes(10)))
struct WatchingTests {
  @Test("gives what is there, and then every change, until the reader stops")
  func changes() async throws {
    let device = try await TestDevice.open()
    var snapshots = device.preferences.snapshots(of: "7").makeAsyncIterator()
    #expect(try await snapshots.next()?.value == nil)
    try await device.edit(SetCurrency(userID: "7", currency: "EUR"))
    #expect(try await snapshots.next()?.value?.currency == "EUR")
    // Another document's change is none of its business; the next one is.
    try await device.edit(SetCurrency(userID: "8", currency: "JPY"))
    try await device.preferences.take(ServerCopy(Preferences(currency: "CHF", theme: "dark"), version: 1), for: "7")
    let third = try await snapshots.next()
    #expect(third?.value?.theme == "dark")
    #expect(third?.value?.currency == "EUR")
  }

  @Test("a slow reader gets the newest")
  func slow() async throws {
    let device = try await TestDevice.open()
    var snapshots = device.preferences.snapshots(of: "7").makeAsyncIterator()
    _ = try await snapshots.next()
    for number in 1...20 { try await device.edit(AddFavourite(userID: "7", name: "\(number)")) }
    #expect(try await snapshots.next()?.value?.favourites.count == 20)
  }

  @Test("follows a document to the name that the server gives")
  func named() async throws {
    let device = try await NamingDevice.open()
    let id = try await device.make(tasks: [])
    var snapshots = device.lists.snapshots(of: id).makeAsyncIterator()
    #expect(try await snapshots.next()?.id == id)
    try await device.drain(ListServer())
    #expect(try await snapshots.next()?.id == "list-1")
    try await device.store.write { try $0.edit(device.lists, RenameList(listID: "list-1", title: "house")) }
    #expect(try await snapshots.next()?.value?.title == "house")
  }

  @Test("sees an edit taken back")
  func takenBack() async throws {
    let device = try await TestDevice.open()
    try await device.edit(SetCurrency(userID: "7", currency: "GOLD"), id: "gold")
    var snapshots = device.preferences.snapshots(of: "7").makeAsyncIterator()
    #expect(try await snapshots.next()?.value?.currency == "GOLD")
    try await device.preferences.rollBack("gold", of: "7", end: .deadLettered, reason: "no currency")
    let after = try await snapshots.next()
    #expect(after?.value == nil)
    #expect(after?.notices.map(\.reason) == ["no currency"])
  }
}
