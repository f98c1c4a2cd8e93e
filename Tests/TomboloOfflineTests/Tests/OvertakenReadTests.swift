import Synchronization
import Testing
import TomboloPorts
import TomboloQueue
import TomboloTesting

@testable import TomboloOffline

@Suite("A read that an edit overtakes")
struct OvertakenReadTests {
  enum Acceptance: CaseIterable {
    case withoutCopy, withCopy, queuedWithoutCopy, queuedWithCopy
  }

  private let edit = SetCurrency(userID: "7", currency: "BTC")

  /// The server accepts the edit; it numbers nothing.
  private func accept(_ acceptance: Acceptance, on device: TestDevice) async throws {
    let copy = ServerCopy(Preferences(currency: "BTC", theme: "dark"))
    switch acceptance {
    case .withoutCopy: try await device.composite().write(edit) { _, _ in nil }
    case .withCopy: try await device.composite().write(edit) { _, _ in copy }
    case .queuedWithoutCopy, .queuedWithCopy:
      try await device.edit(edit)
      var handlers = HandlerRegistry()
      handlers.handle(SetCurrency.self, in: device.preferences) { _, _ in
        acceptance == .queuedWithCopy ? copy : nil
      }
      try await device.drain(handlers)
    }
  }

  @Test("does not undo it: the server is asked once more", arguments: Acceptance.allCases)
  func asksAgain(_ acceptance: Acceptance) async throws {
    let device = try await TestDevice.open()
    try await device.preferences.take(ServerCopy(Preferences(theme: "dark")), for: "7")
    let asked = Mutex(0)
    let snapshot = try await device.composite().read("7") { () async throws -> ServerCopy<Preferences> in
      let count = asked.withLock { count in
        count += 1
        return count
      }
      guard count == 1 else { return ServerCopy(Preferences(currency: "BTC", theme: "blue")) }
      // What the server had when it was asked arrives after the edit was accepted.
      try await accept(acceptance, on: device)
      return ServerCopy(Preferences(theme: "dark"))
    }
    #expect(snapshot.value == Preferences(currency: "BTC", theme: "blue"))
    #expect(snapshot.source == .server)
    #expect(asked.withLock { $0 } == 2)
  }

  @Test("and another overtakes again is not taken, and what is here shows both")
  func overtakenTwice() async throws {
    let device = try await TestDevice.open()
    try await device.preferences.take(ServerCopy(Preferences()), for: "7")
    let asked = Mutex(0)
    let composite = device.composite()
    let snapshot = try await composite.read("7") { () async throws -> ServerCopy<Preferences> in
      let count = asked.withLock { count in
        count += 1
        return count
      }
      try await composite.write(AppendFavourite(userID: "7", name: "\(count)")) { _, _ in nil }
      return ServerCopy(Preferences())
    }
    #expect(snapshot.base?.favourites == ["1", "2"])
    #expect(snapshot.source == .local)
    #expect(asked.withLock { $0 } == 2)
  }

  @Test(
    "which begins while an edit is being sent is not taken, so that the edit does not count twice",
    arguments: [true, false])
  func whileSending(isKnown: Bool) async throws {
    let device = try await TestDevice.open()
    if isKnown { try await device.preferences.take(ServerCopy(Preferences()), for: "7") }
    let composite = device.composite()
    let withEdit = ServerCopy(Preferences(favourites: ["tea"]))
    try await composite.write(AppendFavourite(userID: "7", name: "tea")) { _, _ in
      // The server has it, and its answer is on the way.
      let snapshot = try await composite.read("7") { () async throws -> ServerCopy<Preferences> in withEdit }
      // Where nothing is known here, the reader has the server's answer all the same.
      #expect(snapshot.source == (isKnown ? .local : .server))
      #expect(snapshot.value == (isKnown ? Preferences() : withEdit.document))
      return nil
    }
    #expect(try await device.value()?.favourites == ["tea"])
    let after = try await composite.read("7") { () async throws -> ServerCopy<Preferences> in withEdit }
    #expect(after.source == .server)
    #expect(after.value?.favourites == ["tea"])
  }

  @Test("of another document is taken")
  func anotherDocument() async throws {
    let device = try await TestDevice.open()
    let asked = Mutex(0)
    let snapshot = try await device.composite().read("8") { () async throws -> ServerCopy<Preferences> in
      asked.withLock { $0 += 1 }
      try await accept(.withoutCopy, on: device)
      return ServerCopy(Preferences(currency: "EUR"))
    }
    #expect(snapshot.value?.currency == "EUR")
    #expect(asked.withLock { $0 } == 1)
  }
}
