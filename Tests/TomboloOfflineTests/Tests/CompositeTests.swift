import Testing
import TomboloPorts
import TomboloQueue
import TomboloStorage
import TomboloTesting

@testable import TomboloOffline

@Suite("Writing through a composite")
struct CompositeWritingTests {
  private let edit = SetCurrency(userID: "7", currency: "BTC")

  private func queueingReason(_ outcome: WritingOutcome) -> QueueingReason? {
    guard case .queued(_, let reason) = outcome else { return nil }
    return reason
  }

  @Test("online, the edit is sent at once, and nothing is queued")
  func online() async throws {
    let device = try await TestDevice.open()
    let outcome = try await device.composite().write(edit) { edit, _ in
      ServerCopy(Preferences(currency: edit.currency), version: 1)
    }
    guard case .delivered(nil) = outcome else { throw Unexpected("\(outcome)") }
    #expect(try await device.value()?.currency == "BTC")
    #expect(try await device.operationIDs.isEmpty)
  }

  @Test("a server that answers without a copy is believed: the edit becomes part of what it said")
  func withoutCopy() async throws {
    let device = try await TestDevice.open()
    try await device.composite().write(edit) { _, _ in nil }
    #expect(try await device.preferences.read("7").base?.currency == "BTC")
  }

  @Test("offline, it shows here and is queued with its priority; nothing is sent")
  func offline() async throws {
    let device = try await TestDevice.open()
    device.network.set(.offline)
    let outcome = try await device.composite().write(edit, priority: .critical) { _, _ in throw Unexpected("sent") }
    guard case .offline? = queueingReason(outcome) else { throw Unexpected("\(outcome)") }
    #expect(try await device.value()?.currency == "BTC")
    #expect(try await device.store.queue.list().snapshots.map(\.operation.priority) == [.critical])
  }

  @Test("online with operations of its key still queued, an edit joins them; one of another key does not")
  func noOvertaking() async throws {
    let device = try await TestDevice.open()
    device.network.set(.offline)
    let composite = device.composite()
    try await composite.write(edit) { _, _ in throw Unexpected("sent") }
    device.network.set(.online)
    let second = try await composite.write(SetCurrency(userID: "7", currency: "EUR")) { _, _ in
      throw Unexpected("overtaken")
    }
    guard case .notOvertaking? = queueingReason(second) else { throw Unexpected("\(second)") }
    let other = try await composite.write(SetCurrency(userID: "8", currency: "EUR")) { _, _ in nil }
    guard case .delivered(nil) = other else { throw Unexpected("\(other)") }
    let handler = RecordingHandler()
    try await device.drain(handler)
    #expect(handler.calls.count == 2)
    let third = try await composite.write(SetCurrency(userID: "7", currency: "CHF")) { _, _ in nil }
    guard case .delivered(nil) = third else { throw Unexpected("\(third)") }
    #expect(try await device.value()?.currency == "CHF")
  }

  @Test("where held operations block, an edit waits behind one that a person has to look at, and comes out on top")
  func behindHeld() async throws {
    let device = try await TestDevice.open { $0.onPermanentFailure = .block }
    try await device.edit(edit)
    try await device.drain(RecordingHandler { _, _ in .park(DeliveryFailure(.conflict, "ask somebody")) })
    let composite = device.composite()
    let outcome = try await composite.write(SetCurrency(userID: "7", currency: "EUR")) { _, _ in
      throw Unexpected("sent")
    }
    guard case .notOvertaking? = queueingReason(outcome) else { throw Unexpected("\(outcome)") }
    #expect(try await device.value()?.currency == "EUR")
    let parked = try #require(try await device.store.queue.list(OperationFilter(state: .parked)).snapshots.first)
    try await device.store.queue.retry(parked.operation.id)
    try await device.drain(RecordingHandler())
    #expect(try await device.preferences.read("7").base?.currency == "EUR")
  }

  @Test(
    "a failure that may pass is queued under the identity it was sent with",
    arguments: [
      DeliveryFailure(.unreachable, "no route"), DeliveryFailure(.timeout, "slow"),
      DeliveryFailure(.unauthorized, "token"), DeliveryFailure(.conflict, "other version"),
      ClassifiedFailure(classification: .transient), ClassifiedFailure(classification: .outcomeUnknown),
      ClassifiedFailure(classification: .throttled(after: nil)), Unexpected("unknown"),
    ] as [any Error])
  func fallsBack(_ failure: any Error) async throws {
    let device = try await TestDevice.open()
    let sent = RecordedIDs()
    let outcome = try await device.composite().write(edit) { _, id in
      await sent.add(id)
      throw failure
    }
    guard case .failed? = queueingReason(outcome) else { throw Unexpected("\(outcome)") }
    #expect(try await device.operationIDs == Set(await sent.ids))
    #expect(try await device.value()?.currency == "BTC")
  }

  @Test(
    "a final refusal is told, and nothing is stored",
    arguments: [DeliveryFailure(.refused, "no"), ClassifiedFailure(classification: .permanent)] as [any Error])
  func refused(_ failure: any Error) async throws {
    let device = try await TestDevice.open()
    let error = await #expect(throws: OfflineError.self) {
      try await device.composite().write(edit) { _, _ in throw failure }
    }
    #expect(error?.code == .refused)
    #expect(error?.cause != nil)
    #expect(try await device.base.scan(.prefix(Key("d")), limit: 1).isEmpty)
    #expect(try await device.operationIDs.isEmpty)
  }

  @Test(
    "an edit written twice under one name is not sent again once the queue knows it: delivered, or kept for a person")
  func repeated() async throws {
    let device = try await TestDevice.open()
    let composite = device.composite()
    for (name, outcome) in [
      ("tea", DeliveryOutcome.delivered), ("milk", .park(DeliveryFailure(.refused, "ask somebody"))),
    ] {
      let edit = AppendFavourite(userID: "7", name: name)
      try await composite.write(edit, editID: name) { _, _ in throw DeliveryFailure(.timeout, "lost") }
      try await device.drain(RecordingHandler { _, _ in outcome })
      let again = try await composite.write(edit, editID: name) { _, _ in nil }
      guard case .queued(let receipt, .repeated) = again else { throw Unexpected("\(again)") }
      #expect(receipt.disposition == .repeated)
    }
    let snapshot = try await device.preferences.read("7")
    #expect(snapshot.value?.favourites == ["tea", "milk"])
    #expect(snapshot.pending.map(\.id) == ["milk"])
  }

  @Test("when both halves fail, one error carries both causes, and tells whose it is")
  func bothFail() async throws {
    let faulty = FaultyStore(InMemoryStore())
    let device = try await TestDevice.open(faulty)
    for (code, audience) in [(StoreError.Code.full, FailureAudience.user), (.engine, .program)] {
      faulty.onCommit { _, _ in .refused(StoreError(code, "no")) }
      let error = await #expect(throws: OfflineError.self) {
        try await device.composite().write(edit) { _, _ in throw DeliveryFailure(.unreachable, "no route") }
      }
      #expect(error?.code == .bothFailed)
      #expect((error?.cause as? DeliveryFailure)?.code == .unreachable)
      #expect((error?.localCause as? StoreError)?.code == code)
      #expect(error?.audience == audience)
      #expect(error?.description.contains("no route") == true)
    }
  }

  @Test("when the server has it and that cannot be stored, it counts as delivered, and says so")
  func notStored() async throws {
    let faulty = FaultyStore(InMemoryStore())
    let device = try await TestDevice.open(faulty)
    faulty.onCommit { _, _ in .refused(StoreError(.engine, "no")) }
    let outcome = try await device.composite().write(edit) { _, _ in nil }
    guard case .delivered(.some) = outcome else { throw Unexpected("\(outcome)") }
  }

  @Test("a call that takes too long is queued, under the same identity")
  func timeout() async throws {
    let device = try await TestDevice.open()
    async let outcome = device.composite(onlineTimeout: .seconds(3)).write(edit) { [time = device.time] _, _ in
      try await time.sleep(for: .seconds(60))
      return nil
    }
    await device.time.waitForSleepers(2)
    device.time.advance(by: .seconds(3))
    guard case .failed(let error)? = queueingReason(try await outcome) else { throw Unexpected("not queued") }
    #expect((error as? DeliveryFailure)?.code == .timeout)
  }

  @Test(
    "edits of one key take turns, whichever composite: one that is written while another is being sent waits for it")
  func turns() async throws {
    let device = try await TestDevice.open()
    let composites = [device.composite(), device.composite()]
    let sent = RecordedIDs()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<20 {
        group.addTask {
          try await composites[number % 2].write(AddFavourite(userID: "7", name: "\(number)")) { _, id in
            await sent.begin(id)
            for _ in 0..<20 { await Task.yield() }
            await sent.end()
            if number % 3 == 0 { throw DeliveryFailure(.unreachable, "lost") }
            return nil
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(await sent.underWayMaximum == 1)
    // The first failure queued its edit, and all that came after joined it.
    let snapshot = try await device.preferences.read("7")
    #expect(snapshot.value?.favourites.count == 20)
    #expect(await sent.ids.count - 1 + snapshot.pending.count == 20)
  }

  @Test("a writer that is cancelled while it waits for its turn gives it up, and the next has it")
  func cancelledTurn() async throws {
    let turns = KeyedTurns()
    let time = ManualTimeSource()
    async let first: Void = turns.withTurn("a") { try await time.sleep(for: .seconds(1)) }
    await time.waitForSleepers()
    let second = Task { try await turns.withTurn("a") {} }
    second.cancel()
    await #expect(throws: CancellationError.self) { try await second.value }
    async let third = turns.withTurn("a") { true }
    time.advance(by: .seconds(1))
    try await first
    #expect(try await third)
  }
}

struct Unexpected: Error {
  var message: String
  init(_ message: String) { self.message = message }
}

actor RecordedIDs {
  private(set) var ids: [String] = []
  private var underWay = 0
  private(set) var underWayMaximum = 0

  func add(_ id: String) { ids.append(id) }

  func begin(_ id: String) {
    ids.append(id)
    underWay += 1
    underWayMaximum = max(underWayMaximum, underWay)
  }

  func end() { underWay -= 1 }
}
