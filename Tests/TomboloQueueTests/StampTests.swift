import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

@Suite("Stamps over a restart", .timeLimit(.minutes(10)))
struct StampTests {
  private func enqueue(_ test: TestQueue) async throws -> HybridTimestamp {
    let id = try await test.queue.enqueue(NewOperation(kind: "note.set")).id
    return try #require(try await test.queue.snapshot(id)).operation.written
  }

  /// The same store, in a process that starts with a clock of its own.
  private func restarted(_ test: TestQueue, in place: TestPlace) async throws -> TestQueue {
    try await TestQueue.open(try await place.reopen(test.store), after: test) {
      $0.versionClock = HybridLogicalClock(node: "phone")
    }
  }

  @Test(
    "What is written after a restart has a later stamp, also where the wall clock was set back meanwhile",
    arguments: TestEngine.allCases)
  func setBack(engine: TestEngine) async throws {
    try await withQueue(engine, { $0.versionClock = HybridLogicalClock(node: "phone") }) { test, place in
      var stamps = [try await enqueue(test), try await enqueue(test)]
      // What carries the greatest stamp is gone before the restart.
      try await test.worker.drain()
      test.time.setWallClock(test.time.now.advanced(by: .seconds(-3_600)))
      let later = try await restarted(test, in: place)
      stamps += [try await enqueue(later), try await enqueue(later)]
      #expect(stamps == stamps.sorted() && Set(stamps).count == 4, "\(stamps)")
      #expect(try await QueueAudit.problems(in: later.store).isEmpty)
    }
  }

  @Test("What was seen of another device before a restart is earlier than what is written after it")
  func seen() async throws {
    try await withQueue(.memory, { $0.versionClock = HybridLogicalClock(node: "phone") }) { test, place in
      let there = HybridTimestamp(time: test.time.now.advanced(by: .seconds(200)), counter: 3, node: "zebra")
      test.handler.setAnswer { _, _ in .conflict(RemoteVersion(written: there, detail: "412")) }
      try await test.add()
      #expect(try await test.worker.drain().discarded == 1)
      #expect(try await enqueue(try await restarted(test, in: place)) > there)
    }
  }

  @Test("A clock that is put in place later goes on behind what the store was stamped with before")
  func putInPlaceLater() async throws {
    let test = try await TestQueue.open(InMemoryStore()) { $0.versionClock = HybridLogicalClock(node: "phone") }
    let first = try await enqueue(test)
    test.time.setWallClock(test.time.now.advanced(by: .seconds(-60)))
    var configuration = test.configuration
    configuration.versionClock = nil
    test.worker.reconfigure(configuration)
    _ = try await enqueue(test)
    configuration.versionClock = HybridLogicalClock(node: "phone")
    test.worker.reconfigure(configuration)
    #expect(try await enqueue(test) > first)
  }

  @Test("A stamp costs no record of its own, and without a clock the counts are written as ever")
  func cost() async throws {
    let store = CountingStore(InMemoryStore())
    let test = try await TestQueue.open(store) { $0.versionClock = HybridLogicalClock(node: "phone") }
    try await test.add()
    #expect(store.puts.count == 3 && store.puts.contains(QueueLayout.counts))
    store.reset()
    try await test.add()
    #expect(store.puts.count == 2)
    let plain = try await TestQueue.open(InMemoryStore())
    try await plain.add()
    #expect(try await plain.store.get(QueueLayout.counts)?.value.first == 1)
  }
}
