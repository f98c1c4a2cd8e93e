import Synchronization
import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

@Suite("The ready index is read ahead while groups go on", .timeLimit(.minutes(10)))
struct LookaheadTests {
  private static func id(_ number: Int) -> OperationID { OperationID(high: 0, low: UInt64(number)) }

  @Test("What a plan touches behind the horizon, of this priority, ends what is sound")
  func touched() {
    func sound(after effects: [PlanEffect], of priority: OperationPriority = .normal) -> [OperationID] {
      var lookahead = Lookahead(number: 1, priority: priority, horizon: Self.id(4), limit: 9)
      lookahead.note(effects)
      return lookahead.sound((5...8).map { ReadyWindow.Entry(id: Self.id($0)) }).map(\.id)
    }
    let all = (5...8).map(Self.id)
    #expect(sound(after: []) == all)
    #expect(sound(after: [.unready(.normal, Self.id(4)), .finished(Self.id(7)), .ready(.low, Self.id(5))]) == all)
    #expect(sound(after: [.ready(.normal, Self.id(9))]) == all)
    #expect(sound(after: [.ready(.normal, Self.id(8)), .unready(.normal, Self.id(6))]) == [Self.id(5)])
    #expect(sound(after: [.moved(Self.id(7), .low)]) == [Self.id(5), Self.id(6)])
    #expect(sound(after: [.readySingle(Self.id(5), [])]) == [])
    #expect(sound(after: [.readySingle(Self.id(5), [])], of: .low) == all)
  }

  /// A queue with so many operations, of which the first four are claimed and eight were read.
  private static func halfEmpty(
    _ count: Int, isShared: Bool = false
  ) async throws -> (test: TestQueue, store: FaultyStore, ids: [OperationID]) {
    let capabilities = StoreCapabilities(isDurable: false, isShareable: isShared)
    let store = FaultyStore(InMemoryStore(capabilities: capabilities))
    let test = try await TestQueue.open(store)
    test.queue.engine.state.withLock { state in
      for index in state.windows.indices { state.windows[index] = ReadyWindow(capacity: 8) }
    }
    var ids: [OperationID] = []
    for number in 0..<count { ids.append(try await test.add("\(number)")) }
    #expect(try await test.queue.claim(4).map(\.id) == Array(ids.prefix(4)))
    return (test, store, ids)
  }

  private static func claimAll(_ test: TestQueue) async throws -> [OperationID] {
    try await test.queue.claim(100).map(\.id)
  }

  private static func newest(_ test: TestQueue) -> OperationID? {
    test.queue.engine.state.withLock { $0.windows[Int(OperationPriority.normal.rawValue)].newest }
  }

  @Test("What is read ahead is claimed without reading, in order")
  func ahead() async throws {
    let (test, store, ids) = try await Self.halfEmpty(12)
    let engine = test.queue.engine
    let lookahead = try #require(engine.beginLookahead())
    // One at a time.
    #expect(engine.beginLookahead() == nil)
    await engine.lookAhead(lookahead)
    #expect(Self.newest(test) == ids[9])
    store.onRead { _ in throw StoreError(.engine, "not to be read") }
    #expect(try await test.queue.claim(6).map(\.id) == Array(ids[4..<10]))
    store.heal()
    #expect(try await Self.claimAll(test) == Array(ids[10...]))
  }

  @Test("What is enqueued while the end is read is claimed")
  func enqueued() async throws {
    let (test, store, ids) = try await Self.halfEmpty(9)
    let lookahead = try #require(test.queue.engine.beginLookahead())
    let late = Mutex<OperationID?>(nil)
    store.onRead { number in
      guard number == 2 else { return }
      let id = try await test.add("late")
      late.withLock { $0 = id }
    }
    await test.queue.engine.lookAhead(lookahead)
    #expect(Self.newest(test) == ids[8])
    #expect(try await Self.claimAll(test) == Array(ids[4...]) + [try #require(late.withLock { $0 })])
  }

  @Test("What is discarded behind the window while it is read is not delivered", arguments: [1, 2])
  func discarded(read: Int) async throws {
    let (test, store, ids) = try await Self.halfEmpty(10)
    let lookahead = try #require(test.queue.engine.beginLookahead())
    store.onRead { number in if number == read { try await test.queue.discard(ids[8], reason: "test") } }
    await test.queue.engine.lookAhead(lookahead)
    #expect(Self.newest(test) == ids[7])
    #expect(try await Self.claimAll(test) == Array(ids[4..<8]) + [ids[9]])
  }

  @Test("What is rewritten between the two ranges is claimed once, with its new bytes")
  func rewritten() async throws {
    let (test, store, ids) = try await Self.halfEmpty(10)
    let lookahead = try #require(test.queue.engine.beginLookahead())
    store.onRead { number in
      if number == 2 { try await test.queue.rewrite([ids[8]]) { _ in [7] } }
    }
    await test.queue.engine.lookAhead(lookahead)
    let claimed = try await test.queue.claim(100)
    #expect(claimed.map(\.id) == Array(ids[4...]))
    #expect(claimed.first { $0.id == ids[8] }?.operation.payload == [7])
  }

  @Test("A reading between a plan and its commit knows of it")
  func betweenPlanAndCommit() async throws {
    let (test, store, ids) = try await Self.halfEmpty(10)
    let engine = test.queue.engine
    store.onCommit { _, _ in
      guard let lookahead = engine.beginLookahead() else { return nil }
      await engine.lookAhead(lookahead)
      return nil
    }
    try await test.queue.discard(ids[9], reason: "test")
    #expect(Self.newest(test) == ids[8])
    #expect(try await Self.claimAll(test) == Array(ids[4..<9]))
  }

  @Test("A reading that outlives a forgetting changes nothing, even where another began at the same place")
  func forgotten() async throws {
    let (test, _, ids) = try await Self.halfEmpty(12)
    let engine = test.queue.engine
    let early = try #require(engine.beginLookahead())
    for id in ids.prefix(4) { engine.forgetPlace(id) }
    #expect(try await test.queue.claim(4).map(\.id) == Array(ids.prefix(4)))
    let late = try #require(engine.beginLookahead())
    #expect(late.horizon == early.horizon)
    await engine.lookAhead(early)
    #expect(Self.newest(test) == ids[7])
    await engine.lookAhead(late)
    #expect(Self.newest(test) == ids[9])
    #expect(try await Self.claimAll(test) == Array(ids[4...]))
  }

  @Test("What is put back meanwhile is claimed once, in order")
  func putBack() async throws {
    let (test, store, ids) = try await Self.halfEmpty(12)
    let engine = test.queue.engine
    let lookahead = try #require(engine.beginLookahead())
    store.onRead { number in if number == 1 { engine.putBack(ids[2]) } }
    await engine.lookAhead(lookahead)
    #expect(try await Self.claimAll(test) == [ids[2]] + Array(ids[4...]))
  }

  @Test("A reading that fails leaves the next claim whole")
  func failed() async throws {
    let (test, store, ids) = try await Self.halfEmpty(12)
    let engine = test.queue.engine
    let lookahead = try #require(engine.beginLookahead())
    store.onRead { _ in throw StoreError(.engine, "no luck") }
    await engine.lookAhead(lookahead)
    store.heal()
    #expect(Self.newest(test) == ids[7])
    #expect(engine.beginLookahead() != nil)
    #expect(try await Self.claimAll(test) == Array(ids[4...]))
  }

  @Test("A store that several processes share is never read ahead")
  func shared() async throws {
    let (test, _, _) = try await Self.halfEmpty(12, isShared: true)
    #expect(test.queue.engine.beginLookahead() == nil)
  }
}
