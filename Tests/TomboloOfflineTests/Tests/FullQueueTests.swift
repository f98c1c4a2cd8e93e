import Testing
import TomboloPorts
import TomboloQueue
import TomboloTesting

@testable import TomboloOffline

@Suite("Edits in a queue that is full", .timeLimit(.minutes(10)))
struct FullQueueTests {
  @Test(
    "each ends at the server or in a notice, whatever the limit policy, or is refused to its writer's face",
    arguments: LimitPolicy.allCases)
  func everyEditEnds(_ policy: LimitPolicy) async throws {
    let device = try await full(policy)
    var (written, refused): ([String], [String]) = ([], [])
    for number in 1...10 {
      let id = "\(number)"
      do {
        try await write(id, number <= 5 ? .low : .high, device)
        written.append(id)
      } catch let error as QueueError where error.code == .full {
        refused.append(id)
      }
    }
    device.network.set(.online)
    let server = RecordingHandler()
    try await device.drain(server)
    let snapshot = try await device.preferences.read("7")
    let there = server.calls.map(\.operation.idempotencyKey)
    let told = snapshot.notices.map(\.editID)
    #expect((there + told).sorted() == written.sorted())
    #expect(snapshot.pending.isEmpty)
    #expect(snapshot.value?.favourites == there)
    #expect(device.told.all == snapshot.notices)
    switch policy {
    case .reject:
      #expect(refused == ["5", "6", "7", "8", "9", "10"])
      #expect(told.isEmpty)
    case .dropLowest:
      #expect(refused == ["5", "10"])
      #expect(snapshot.notices.map(\.end) == [.discarded, .discarded, .discarded, .discarded])
      #expect(Set(snapshot.notices.map(\.reason)) == ["the queue was full, and a more urgent operation came"])
    case .coalesce:
      #expect(refused.isEmpty)
      #expect(there == ["1", "2", "3", "10"])
      #expect(told == ["4", "5", "6", "7", "8", "9"])
      #expect(Set(snapshot.notices.map(\.end)) == [.superseded])
      let reason = "the queue was full, and a newer operation of its kind and ordering key took its place"
      #expect(Set(snapshot.notices.map(\.reason)) == [reason])
    }
  }

  @Test("one whose place a newer one took is told while the composite runs, without anybody reading")
  func toldWhileRunning() async throws {
    let device = try await full(.coalesce)
    let composite = device.composite()
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await composite.run() }
      do {
        for id in ["1", "2", "3", "4", "5"] { try await write(id, .normal, device) }
      } catch {
        Issue.record("\(error)")
      }
      while device.told.all.isEmpty { await Task.yield() }
      group.cancelAll()
    }
    #expect(device.told.all.map(\.editID) == ["4"])
  }

  /// A device whose queue takes four operations, and that is offline.
  private func full(_ policy: LimitPolicy) async throws -> TestDevice {
    let device = try await TestDevice.open {
      $0.operationsMaximum = 4
      $0.limitPolicy = policy
    }
    device.network.set(.offline)
    return device
  }

  private func write(_ id: String, _ priority: OperationPriority, _ device: TestDevice) async throws {
    let edit = AddFavourite(userID: "7", name: id)
    try await device.store.write {
      try $0.edit(device.preferences, edit, priority: priority, editID: id)
    }
  }
}
