import Synchronization
import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

@Suite("Typed commands and the handler registry", .timeLimit(.minutes(10)))
struct TypedCommandTests {
  private struct SetCurrency: SyncCommand, Equatable {
    static let kind = "preferences.setCurrency"
    static let version = 2
    var userID: String
    var currency: String
  }

  private struct Endless: SyncCommand {
    static let kind = "endless"
    var number = Double.infinity
  }

  @Test("A command arrives as it was enqueued, as JSON", arguments: TestEngine.allCases)
  func roundTrip(engine: TestEngine) async throws {
    try await engine.withPlace { place in
      let received = Mutex<[SetCurrency]>([])
      var handlers = HandlerRegistry()
      handlers.handle(SetCurrency.self) { command, attempt in
        #expect(attempt.operation.orderingKey == "user/7")
        #expect(attempt.attempt.number == 1)
        received.withLock { $0.append(command) }
        return .delivered
      }
      let test = try await TestQueue.open(try await place.open(), handlers: handlers)
      let command = SetCurrency(userID: "7", currency: "EUR/é")
      let receipt = try await test.queue.enqueue(command, orderingKey: "user/7", priority: .critical)
      let operation = try #require(try await test.queue.snapshot(receipt.id)).operation
      #expect(operation.version == 2)
      #expect(operation.priority == .critical)
      #expect(String(validating: operation.payload, as: UTF8.self) == #"{"currency":"EUR/é","userID":"7"}"#)
      try await test.worker.drain()
      #expect(received.withLock { $0 } == [command])
    }
  }

  @Test(
    "What a newer program wrote, and what does not decode, is parked",
    arguments: [
      (3, "{}", DeliveryFailure.Code.unknownKind), (2, "{}", .undecodable), (2, "secret", .undecodable),
    ])
  func parked(version: Int, payload: String, code: DeliveryFailure.Code) async throws {
    var handlers = HandlerRegistry()
    handlers.handle(SetCurrency.self) { _, _ in .delivered }
    let test = try await TestQueue.open(InMemoryStore(), handlers: handlers)
    let id = try await test.queue.enqueue(
      NewOperation(kind: SetCurrency.kind, version: version, payload: Array(payload.utf8))
    ).id
    try await test.worker.drain()
    let snapshot = try #require(try await test.queue.snapshot(id))
    #expect(snapshot.state == .parked)
    #expect(snapshot.lastFailure?.code == code)
    #expect(snapshot.lastFailure?.message.contains("secret") == false)
  }

  @Test("A command that cannot be encoded is an error that names the payload")
  func unencodable() async throws {
    let test = try await TestQueue.open(InMemoryStore())
    let error = try await queueError { try await test.queue.enqueue(Endless()) }
    #expect(error?.code == .invalidOperation)
    #expect(error?.field == "payload")
  }

  @Test("A kind's last handler is the one that is called, with its own upstream")
  func lastHandler() async throws {
    var handlers = HandlerRegistry()
    handlers.handle(kind: "a", upstream: "first") { _, _ in .reject(TestQueue.failure) }
    handlers.handle(kind: "a", with: RecordingHandler(upstream: "second"))
    let operation = SyncOperation(
      id: OperationID(high: 0, low: 1), kind: "a", enqueuedAt: Timestamp(millisecondsSinceEpoch: 0))
    #expect(handlers.upstream(for: operation) == "second")
    guard case .delivered = try await handlers.deliver(operation, attempt: DeliveryAttempt(number: 1)) else {
      Issue.record("the first handler was called")
      return
    }
  }

  private struct Price: SyncCommand, Equatable {
    static let kind = "price"
    static let version = 3
    var amount: Int
    var currency: String

    static func upgrade(_ payload: [UInt8], from version: Int) throws -> [UInt8] {
      let text = String(decoding: payload, as: UTF8.self)
      switch version {
      case 1: return Array(text.replacing("value", with: "amount").utf8)
      case 2 where text.contains("amount"): return Array(text.replacing("}", with: #","currency":"EUR"}"#).utf8)
      default: throw QueueError(.invalidOperation, "no amount")
      }
    }
  }

  @Test(
    "A payload of an older version is taken through each step, one of a newer waits for a newer program",
    arguments: [
      (1, #"{"value":7}"#, "delivered"), (2, #"{"amount":7}"#, "delivered"),
      (3, #"{"amount":7,"currency":"EUR"}"#, "delivered"), (4, "{}", "unknownKind"), (2, "{}", "undecodable"),
    ])
  func upgrades(version: Int, payload: String, expected: String) async throws {
    var handlers = HandlerRegistry()
    handlers.handle(Price.self) { command, _ in
      #expect(command == Price(amount: 7, currency: "EUR"))
      return .delivered
    }
    let operation = SyncOperation(
      id: OperationID(high: 1, low: 1), kind: "price", version: version,
      enqueuedAt: Timestamp(millisecondsSinceEpoch: 0), payload: Array(payload.utf8))
    switch try await handlers.deliver(operation, attempt: DeliveryAttempt(number: 1)) {
    case .delivered: #expect(expected == "delivered")
    case .park(let failure): #expect(failure.code.description == expected)
    case let other: Issue.record("\(other)")
    }
  }
}
