import Logging
import Testing
import TomboloNetwork
import TomboloPorts
import TomboloQueue
import TomboloStorage
import TomboloTesting

/// A network that comes and goes ten times a second, with the whole of it: monitor, damping, queue and worker.
@Suite(.timeLimit(.minutes(5))) struct FlapStormTests {
  /// Reports what it is given, until cancelled.
  private struct ScriptedPath: NetworkPathSource {
    let reports: AsyncStream<NetworkPathReport>
    var name: String { "script" }

    func run(_ report: @escaping @Sendable (NetworkPathReport) -> Void) async {
      for await next in reports { report(next) }
    }
  }

  /// Counts the calls, and knows whether it can be reached.
  private actor Upstream: OperationHandler {
    private(set) var calls = 0
    private(set) var delivered = 0
    /// What an observer of the network was told.
    private(set) var seen: [NetworkStatus.Condition] = []
    var isThere = true

    func set(isThere: Bool) { self.isThere = isThere }
    func see(_ condition: NetworkStatus.Condition) { seen.append(condition) }

    nonisolated var upstream: String { "script" }

    func deliver(_ operation: SyncOperation, attempt: DeliveryAttempt) async throws -> DeliveryOutcome {
      calls += 1
      guard isThere else { throw DeliveryFailure(.unreachable, "the cable is out") }
      delivered += 1
      return .delivered
    }
  }

  @Test("100 flaps in 10 s: observers see few changes and the last one right; everything is delivered without a storm")
  func storm() async throws {
    let flapCount = 100
    let time = ManualTimeSource()
    let (reports, script) = AsyncStream.makeStream(of: NetworkPathReport.self)
    let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let monitor = NetworkMonitor(path: ScriptedPath(reports: reports), time: time, logger: silent)
    let upstream = Upstream()
    let store = InMemoryStore()
    let queue = try await SyncQueue.open(store: store, time: time, logger: silent)
    let worker = SyncWorker(queue: queue, handler: upstream, network: monitor, logger: silent)

    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await monitor.run() }
      group.addTask { try await worker.run() }
      let observation = monitor.observe { await upstream.see($0.condition) }
      script.yield(.path(NetworkPath(reach: .routed)))

      for flap in 0..<flapCount {
        try await queue.enqueue(NewOperation(kind: "flap", payload: Array("\(flap)".utf8)))
        await upstream.set(isThere: false)
        script.yield(.path(NetworkPath(reach: .none)))
        while monitor.status.evidence.first(where: { $0.source == "system" })?.condition != .offline {
          await Task.yield()
        }
        time.advance(by: .milliseconds(50))
        await upstream.set(isThere: true)
        script.yield(.path(NetworkPath(reach: .routed)))
        while monitor.status.evidence.first(where: { $0.source == "system" })?.condition != .online {
          await Task.yield()
        }
        time.advance(by: .milliseconds(50))
        for _ in 0..<50 { await Task.yield() }
      }
      // It holds now; the last hold ends in time, and what waits goes out.
      while await upstream.delivered < flapCount || !monitor.status.isOnline {
        time.advance(by: .milliseconds(100))
        for _ in 0..<50 { await Task.yield() }
      }
      #expect(monitor.status.condition == .online)
      // The observer has a task of its own, and may hear of it later.
      while await upstream.seen.last != .online { await Task.yield() }
      observation.cancel()
      group.cancelAll()
    }
    let changes = await upstream.seen
    print("\(flapCount) flaps: \(changes.count) statuses, \(await upstream.calls) calls")
    #expect(changes.last == .online)
    // Each of the 200 changes of the cable would be one without damping. With it there are the first ones, and then at most
    // one recovery a second, which a delivery proves, each followed by a loss.
    let (undampedCount, secondCount) = (4, 11)
    #expect(changes.count <= 1 + 2 * (undampedCount + secondCount))
    let calls = await upstream.calls
    #expect(calls >= flapCount && calls <= flapCount + 30)
    try await store.close()
  }
}
