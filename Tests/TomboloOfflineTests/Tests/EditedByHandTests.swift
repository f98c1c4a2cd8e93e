import Testing
import TomboloPorts
import TomboloQueue

@testable import TomboloOffline

@Suite("Edits whose payload a person replaces")
struct EditedByHandTests {
  @Test("an edit that waits shows as it was replaced")
  func shows() async throws {
    let device = try await parked()
    try await replace(device, with: "CHF")
    let snapshot = try await device.preferences.read("7")
    #expect(snapshot.value?.currency == "CHF")
    #expect(snapshot.pending.map(\.id) == ["mine"])
  }

  @Test("accepted by a server that answers with no copy, it becomes part of what the server said as it was replaced")
  func acceptedWithoutCopy() async throws {
    let device = try await parked()
    let id = try await replace(device, with: "CHF")
    try await device.store.queue.retry(id)
    try await device.drain(accepting(device))
    let snapshot = try await device.preferences.read("7")
    #expect(snapshot.base?.currency == "CHF")
    #expect(snapshot.pending.isEmpty)
    #expect(snapshot.notices.isEmpty)
  }

  @Test(
    "one that was taken back, and is replaced, retried and accepted after all, is at the server, and no notice says otherwise",
    arguments: [true, false])
  func acceptedAfterAll(withCopy: Bool) async throws {
    let device = try await TestDevice.open()
    try await device.preferences.take(ServerCopy(Preferences(), version: 1), for: "7")
    try await device.edit(SetCurrency(userID: "7", currency: "XXX"), id: "mine")
    var refusing = HandlerRegistry()
    refusing.handle(SetCurrency.self, in: device.preferences) { _, _ in
      .other(.reject(DeliveryFailure(.refused, "no such currency")))
    }
    try await device.drain(refusing)
    #expect(try await device.value()?.currency == "USD")
    let id = try await replace(device, with: "CHF")
    try await device.store.queue.retry(id)
    // Delivered once before, and the program ended before the operation was settled: the repeat changes nothing further.
    let operation = try #require(try await device.store.queue.snapshot(id)?.operation)
    try await device.preferences.adopt(operation, in: "7")
    try await device.drain(accepting(device, withCopy ? ServerCopy(Preferences(currency: "CHF"), version: 2) : nil))
    let snapshot = try await device.preferences.read("7")
    #expect(snapshot.base?.currency == "CHF")
    #expect(snapshot.pending.isEmpty)
    #expect(snapshot.notices.isEmpty)
  }

  /// A device with one edit that waits for a person.
  private func parked() async throws -> TestDevice {
    let device = try await TestDevice.open()
    try await device.preferences.take(ServerCopy(Preferences(), version: 1), for: "7")
    try await device.edit(SetCurrency(userID: "7", currency: "XXX"), id: "mine")
    var handlers = HandlerRegistry()
    handlers.handle(SetCurrency.self, in: device.preferences) { _, _ in
      .other(.park(DeliveryFailure(.refused, "somebody has to look at it")))
    }
    try await device.drain(handlers)
    return device
  }

  /// What `tombolo edit` does.
  @discardableResult
  private func replace(_ device: TestDevice, with currency: String) async throws -> OperationID {
    let id = try #require(try await device.store.queue.list().snapshots.first?.operation.id)
    let payload = try NewOperation(SetCurrency(userID: "7", currency: currency)).payload
    try await device.store.queue.edit(id, payload: payload)
    return id
  }

  private func accepting(_ device: TestDevice, _ copy: ServerCopy<Preferences>? = nil) -> HandlerRegistry {
    var handlers = HandlerRegistry()
    handlers.handle(SetCurrency.self, in: device.preferences) { _, _ in .accepted(copy) }
    return handlers
  }
}
