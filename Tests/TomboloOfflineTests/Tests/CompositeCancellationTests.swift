import Testing
import TomboloPorts
import TomboloQueue
import TomboloStorage
import TomboloTesting

@testable import TomboloOffline

@Suite("A writer that is cancelled while its edit is sent", .timeLimit(.minutes(5)))
struct CompositeCancellationTests {
  private let edit = SetCurrency(userID: "7", currency: "BTC")

  /// Writes, cancels the writer while its edit is sent, and has the call end as `ending` says once that has arrived everywhere.
  private func write(
    on device: TestDevice, ending: @escaping @Sendable () throws -> ServerCopy<Preferences>?
  ) async throws -> (outcome: WritingOutcome, id: String) {
    let (calls, called) = AsyncStream.makeStream(of: String.self)
    let (gate, opening) = AsyncStream.makeStream(of: Void.self)
    let composite = device.composite()
    let writer = Task {
      try await composite.write(edit) { _, id in
        called.yield(id)
        // Not a child of the cancelled task: this call does not notice.
        await Task { for await _ in gate {} }.value
        return try ending()
      }
    }
    var id = ""
    for await call in calls {
      id = call
      break
    }
    writer.cancel()
    opening.finish()
    return (try await writer.value, id)
  }

  @Test("A reader that is cancelled is told that, whatever its call makes of it")
  func reader() async throws {
    let device = try await TestDevice.open()
    let (calls, called) = AsyncStream.makeStream(of: Void.self)
    let (gate, opening) = AsyncStream.makeStream(of: Void.self)
    let composite = device.composite()
    let reader = Task {
      try await composite.read("7") { () async throws -> ServerCopy<Preferences> in
        called.yield()
        await Task { for await _ in gate {} }.value
        throw DeliveryFailure(.unreachable, "closed")
      }
    }
    for await _ in calls { break }
    reader.cancel()
    opening.finish()
    await #expect(throws: CancellationError.self) { _ = try await reader.value }
  }

  @Test(
    "has it queued under the identity it was sent with, when the call gives up after everything else",
    arguments: [CancellationError(), DeliveryFailure(.unreachable, "closed")] as [any Error])
  func late(_ failure: any Error) async throws {
    let device = try await TestDevice.open()
    let (outcome, id) = try await write(on: device) { throw failure }
    guard case .queued(_, .failed) = outcome else { throw Unexpected("\(outcome)") }
    #expect(try await device.operationIDs == [id])
    #expect(try await device.value()?.currency == "BTC")
  }

  @Test(
    "has it queued under the identity it was sent with, when the call gives up first",
    arguments: [CancellationError(), DeliveryFailure(.unreachable, "closed")] as [any Error])
  func first(_ failure: any Error) async throws {
    let device = try await TestDevice.open()
    let composite = device.composite()
    let sent = RecordedIDs()
    let writers = AsyncStream.makeStream(of: Task<WritingOutcome, any Error>.self)
    let writer = Task {
      try await composite.write(edit) { _, id in
        await sent.add(id)
        for await writer in writers.stream {
          writer.cancel()
          break
        }
        throw failure
      }
    }
    writers.continuation.yield(writer)
    let outcome = try await writer.value
    guard case .queued(_, .failed) = outcome else { throw Unexpected("\(outcome)") }
    #expect(try await device.operationIDs == Set(await sent.ids))
    #expect(try await device.value()?.currency == "BTC")
  }

  @Test("is told that the server has it, and it is stored here")
  func delivered() async throws {
    let device = try await TestDevice.open()
    let (outcome, _) = try await write(on: device) { nil }
    guard case .delivered(nil) = outcome else { throw Unexpected("\(outcome)") }
    #expect(try await device.preferences.read("7").base?.currency == "BTC")
    #expect(try await device.operationIDs.isEmpty)
  }

  @Test("is told that the server refuses it, and nothing is stored")
  func refused() async throws {
    let device = try await TestDevice.open()
    let error = await #expect(throws: OfflineError.self) {
      _ = try await write(on: device) { throw DeliveryFailure(.refused, "no") }
    }
    #expect(error?.code == .refused)
    #expect(try await device.base.scan(.prefix(Key("d")), limit: 1).isEmpty)
    #expect(try await device.operationIDs.isEmpty)
  }
}
