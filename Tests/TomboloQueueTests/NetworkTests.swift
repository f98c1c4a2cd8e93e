import Synchronization
import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

@Suite("Network and upstream", .timeLimit(.minutes(10)))
struct NetworkTests {
  private static let unreachable = DeliveryFailure(.unreachable, "connection refused")
  private static let unauthorized = DeliveryFailure(.unauthorized, "401")

  @Test("Being offline burns nothing", arguments: TestEngine.allCases)
  func offline(engine: TestEngine) async throws {
    try await withQueue(engine) { test, _ in
      test.network.set(.offline)
      let id = try await test.add(priority: .critical)
      let summary = try await test.worker.drain()
      #expect(summary.attempted == 0)
      #expect(summary.skipped.unreachable == 1)
      #expect(try await test.queue.snapshot(id)?.attemptCount == 0)
      let snapshot = try #require(try await test.queue.snapshot(id))
      let reason = test.worker.waitingReason(for: snapshot)
      #expect(reason?.description.hasPrefix("the network is offline since") == true)
      test.network.set(.online)
      #expect(try await test.worker.drain().delivered == 1)
    }
  }

  @Test("What is known to be away is not tried, though nobody has brought the news yet", arguments: [true, false])
  func unheard(isForced: Bool) async throws {
    let network = LateNetwork()
    let (queue, handler) = (
      try await SyncQueue.open(store: InMemoryStore(), configuration: .oneByOne), RecordingHandler()
    )
    handler.setAnswer { _, _ in
      network.set(.offline, isForced: isForced)
      return .delivered
    }
    for number in 0..<2 { _ = try await queue.enqueue(NewOperation(kind: "\(number)")) }
    #expect(try await SyncWorker(queue: queue, handler: handler, network: network).drain().attempted == 1)
    #expect(handler.calls.map(\.operation.kind) == ["0"])
  }

  @Test("A network that came back while the answer to a report was on its way is not taken for away")
  func overtakenReport() async throws {
    let network = LateNetwork(answer: .offline)
    let (queue, handler) = (
      try await SyncQueue.open(store: InMemoryStore(), configuration: .oneByOne), RecordingHandler()
    )
    let isFirst = Mutex(true)
    handler.setAnswer { _, _ in
      let isFirst = isFirst.withLock { isFirst in
        defer { isFirst = false }
        return isFirst
      }
      return isFirst ? .retry(after: nil, Self.unreachable) : .delivered
    }
    for number in 0..<2 { _ = try await queue.enqueue(NewOperation(kind: "\(number)")) }
    #expect(try await SyncWorker(queue: queue, handler: handler, network: network).drain().delivered == 2)
  }

  @Test("Offline by a person's decision nothing is attempted, however long it lasts", arguments: TestEngine.allCases)
  func forced(engine: TestEngine) async throws {
    try await withQueue(engine) { test, _ in
      test.network.set(.offline, isForced: true)
      try await test.add(priority: .critical)
      for _ in 0..<10 {
        test.time.advance(by: .seconds(3_600))
        #expect(try await test.worker.drain().attempted == 0)
      }
    }
  }

  @Test(
    "No answer burns an attempt on a working network, and none on another", arguments: TestEngine.allCases,
    [true, false])
  func unreachable(engine: TestEngine, isOnline: Bool) async throws {
    try await withQueue(engine) { test, _ in
      test.handler.setAnswer { _, _ in
        // The network goes while the attempt is under way.
        if !isOnline { test.network.set(.limited) }
        return .retry(after: nil, Self.unreachable)
      }
      let id = try await test.add()
      let summary = try await test.worker.drain()
      #expect(summary.retried == (isOnline ? 1 : 0))
      #expect(summary.released == (isOnline ? 0 : 1))
      let snapshot = try #require(try await test.queue.snapshot(id))
      #expect(snapshot.attemptCount == (isOnline ? 1 : 0))
      #expect(snapshot.state == (isOnline ? .retrying : .pending))
    }
  }

  @Test("Where no answer came and a pause is asked for, the retry waits for the pause")
  func unreachableWithPause() async throws {
    let test = try await TestQueue.open(InMemoryStore())
    test.handler.setAnswer { _, _ in .retry(after: .seconds(25), Self.unreachable) }
    let id = try await test.add()
    #expect(try await test.worker.drain().retried == 1)
    #expect(try await test.queue.snapshot(id)?.dueAt == test.time.now.advanced(by: .seconds(25)))
  }

  @Test("Without a network one operation is tried now and then, more rarely each time, and not always the same")
  func pilots() async throws {
    let test = try await TestQueue.open(InMemoryStore()) {
      $0.pilotInterval = .seconds(30)
      $0.pilotIntervalMaximum = .seconds(60)
    }
    test.handler.setAnswer { _, _ in .retry(after: nil, Self.unreachable) }
    test.network.set(.limited)
    for number in 0..<3 { try await test.add("\(number)", priority: .critical) }
    try await test.worker.drain()
    #expect(test.attempted.isEmpty)
    for (seconds, count) in [(29, 0), (1, 1), (29, 1), (1, 2), (59, 2), (1, 3), (59, 3), (1, 4)] {
      test.time.advance(by: .seconds(seconds))
      try await test.worker.drain()
      #expect(test.handler.calls.count == count)
    }
    #expect(test.attempted == ["0", "1", "2", "0"])
    #expect(test.handler.calls.allSatisfy { $0.attempt.number == 1 })
    // Back again, nothing has to wait for a pilot's pace.
    test.handler.setAnswer { _, _ in .delivered }
    test.network.set(.online)
    #expect(try await test.worker.drain().delivered == 3)
  }

  @Test("On recovery critical operations start at once, others one, then two, then four, without the clock moving")
  func recovery() async throws {
    let test = try await TestQueue.open(InMemoryStore())
    test.network.set(.offline)
    let gate = Turnstile()
    test.handler.setAnswer { operation, _ in
      await gate.pass(operation.kind)
      return .delivered
    }
    for number in 0..<12 { try await test.add("normal \(number)") }
    for number in 0..<3 { try await test.add("critical \(number)", priority: .critical) }
    try await test.whileRunning {
      // The worker follows the network before it is told.
      await test.time.waitForSleepers(1)
      #expect(test.handler.calls.isEmpty)
      test.network.set(.online)
      await gate.waitForWaiting(3)
      #expect(Set(gate.waiting) == ["critical 0", "critical 1", "critical 2"])
      // Each success lets one more in; the three critical ones open the ramp to four.
      gate.release(3)
      await gate.waitForWaiting(4)
      gate.release(4)
      await gate.waitForWaiting(8)
      gate.open()
      await test.handler.waitForCalls(15)
    }
    #expect(try await test.queue.status().delivered == 15)
  }

  @Test("A cold start ramps up one, two, four, also when the upstream refuses what it gets", arguments: [true, false])
  func ramp(isAccepting: Bool) async throws {
    let test = try await TestQueue.open(InMemoryStore())
    let gate = Turnstile()
    test.handler.setAnswer { operation, _ in
      await gate.pass(operation.kind)
      return isAccepting ? .delivered : .reject(DeliveryFailure(.refused, "no"))
    }
    for number in 0..<20 { try await test.add("\(number)") }
    try await test.whileRunning {
      for count in [1, 2, 4, 8] {
        await gate.waitForWaiting(count)
        #expect(gate.waiting.count == count)
        gate.release(count)
      }
      gate.open()
      await test.handler.waitForCalls(20)
    }
  }

  @Test(
    "An upstream that refuses everybody is left alone, burns nothing, and is then asked once",
    arguments: TestEngine.allCases)
  func suspension(engine: TestEngine) async throws {
    try await withQueue(engine) { test, _ in
      test.handler.setAnswer { _, _ in .suspend(for: .seconds(60), Self.unauthorized) }
      let id = try await test.add("first")
      for number in 0..<5 { try await test.add("\(number)") }
      #expect(try await test.worker.drain().released == 1)
      #expect(test.handler.calls.count == 1)
      let snapshot = try #require(try await test.queue.snapshot(id))
      #expect(snapshot.attemptCount == 0)
      #expect(
        test.worker.waitingReason(for: snapshot)?.description.contains("the upstream is not called before") == true)
      test.time.advance(by: .seconds(59))
      try await test.worker.drain()
      #expect(test.handler.calls.count == 1)
      test.time.advance(by: .seconds(1))
      try await test.worker.drain()
      #expect(test.handler.calls.count == 2)
      test.handler.setAnswer { _, _ in .delivered }
      test.time.advance(by: .seconds(60))
      #expect(try await test.worker.drain().delivered == 6)
      #expect(try await QueueAudit.problems(in: test.store).isEmpty)
    }
  }

  @Test("Of several upstreams the one that refuses is left alone and then asked once; the others go on")
  func oneOfSeveral() async throws {
    let (good, bad) = (RecordingHandler(upstream: "good"), RecordingHandler(upstream: "bad"))
    var handlers = HandlerRegistry()
    handlers.handle(kind: "good", with: good)
    handlers.handle(kind: "bad", with: bad)
    let test = try await TestQueue.open(InMemoryStore(), handlers: handlers)
    for _ in 0..<20 { try await test.add("good") }
    try await test.worker.drain()  // ramps up
    bad.setAnswer { _, _ in .suspend(for: .seconds(60), Self.unauthorized) }
    try await test.add("bad")
    try await test.worker.drain()
    for _ in 0..<8 {
      try await test.add("bad")
      try await test.add("good")
    }
    try await test.worker.drain()
    #expect(bad.calls.count == 1)
    #expect(good.calls.count == 28)
    test.time.advance(by: .seconds(60))
    try await test.worker.drain()
    #expect(bad.calls.count == 2)
    bad.setAnswer { _, _ in .delivered }
    for _ in 0..<10 {
      test.time.advance(by: .seconds(60))
      try await test.worker.drain()
    }
    #expect(try await test.queue.status().delivered == 37)
    #expect(bad.calls.allSatisfy { $0.attempt.number == 1 })
  }
}

/// Holds deliveries until they are let through, and tells who waits.
final class Turnstile: Sendable {
  private struct State {
    var isOpen = false
    var waiting: [(name: String, continuation: CheckedContinuation<Void, Never>)] = []
  }

  private let state = Mutex(State())

  var waiting: [String] { state.withLock { $0.waiting.map(\.name) } }

  func pass(_ name: String) async {
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      let isOpen = state.withLock { state in
        if !state.isOpen { state.waiting.append((name, continuation)) }
        return state.isOpen
      }
      if isOpen { continuation.resume() }
    }
  }

  func release(_ count: Int) {
    let released = state.withLock { state in
      let released = Array(state.waiting.prefix(count))
      state.waiting.removeFirst(released.count)
      return released
    }
    for entry in released { entry.continuation.resume() }
  }

  func open() {
    state.withLock { $0.isOpen = true }
    release(.max)
  }

  /// Returns once `count` wait.
  func waitForWaiting(_ count: Int) async {
    while waiting.count < count { await Task.yield() }
  }
}

/// A network whose news does not come: only who asks learns what it is now.
private final class LateNetwork: NetworkStatusSource {
  private let inner = ScriptedNetwork()
  private let answer: NetworkStatus.Condition?

  /// - Parameter answer: What a report is answered, whatever the network is by then.
  init(answer: NetworkStatus.Condition? = nil) { self.answer = answer }

  var status: NetworkStatus { inner.status }

  func set(_ condition: NetworkStatus.Condition, isForced: Bool) { inner.set(condition, isForced: isForced) }

  func statuses() -> AsyncStream<NetworkStatus> { AsyncStream { _ in } }

  func report(_ experience: DeliveryExperience) -> NetworkStatus {
    answer.map { ScriptedNetwork($0).status } ?? inner.report(experience)
  }
}

extension QueueConfiguration {
  fileprivate static var oneByOne: QueueConfiguration {
    var configuration = QueueConfiguration()
    configuration.concurrency = 1
    return configuration
  }
}
