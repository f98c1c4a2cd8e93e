import Logging
import Testing
import TomboloNetwork
import TomboloPorts
import TomboloTesting

@Suite(.timeLimit(.minutes(5))) struct WaitingTests {
  private let time = ManualTimeSource()
  private var monitor: NetworkMonitor

  init() {
    monitor = NetworkMonitor(time: time, logger: Logger(label: "test") { _ in SilentLogHandler() })
  }

  @Test("waiting for what is so already returns at once, even with a deadline that has passed")
  func already() async throws {
    let status = try await monitor.wait(until: .online, deadline: .now - .seconds(1))
    #expect(status.condition == .online)
  }

  @Test("waiting returns with the status that was waited for")
  func reached() async throws {
    async let reached = monitor.wait(until: .portal, deadline: .now + .seconds(60))
    while monitor.observerCount == 0 { await Task.yield() }
    monitor.setOverride(.offline)
    monitor.setOverride(.portal)
    #expect(try await reached.condition == .portal)
  }

  @Test("when the deadline passes, the error says what was waited for and how things are")
  func deadline() async throws {
    monitor.setOverride(.offline)
    let waiting = Task { [monitor] in try await monitor.wait(until: .online, deadline: .now + .seconds(60)) }
    await time.waitForSleepers()
    time.advance(by: .seconds(60))
    let error = await #expect(throws: NetworkWaitError.self) { try await waiting.value }
    #expect(error?.code == .deadlinePassed)
    #expect(error?.status.condition == .offline)
    #expect(
      error?.message == "the network did not become online in time: it is offline since \(monitor.status.since) "
        + "(override: set by hand)")
    #expect(monitor.observerCount == 0)
  }

  @Test("waiting ends with the task, without a deadline too")
  func cancelled() async {
    let waiting = Task { [monitor] in try await monitor.wait(until: .portal) }
    while monitor.observerCount == 0 { await Task.yield() }
    waiting.cancel()
    await #expect(throws: CancellationError.self) { try await waiting.value }
    #expect(monitor.observerCount == 0)
  }
}
