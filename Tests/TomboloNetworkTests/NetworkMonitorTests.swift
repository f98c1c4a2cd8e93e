import Logging
import Testing
import TomboloNetwork
import TomboloPorts
import TomboloTesting

@Suite(.timeLimit(.minutes(5))) struct NetworkMonitorTests {
  private let time = ManualTimeSource()

  private func makeMonitor(
    _ probe: ScriptedProbe?, configuration: NetworkMonitorConfiguration = .init(jitter: 0)
  ) -> NetworkMonitor {
    NetworkMonitor(
      probe: probe, configuration: configuration, time: time, logger: Logger(label: "test") { _ in SilentLogHandler() })
  }

  @Test("an idle program notices within one interval that its upstream went away, and soon that it is back")
  func idleLossAndRecovery() async throws {
    let probe = ScriptedProbe(.online)
    let monitor = makeMonitor(probe)
    try await withObserved(monitor) {
      await time.waitForSleepers()
      #expect(monitor.status.condition == .online)

      probe.answer(.limited)
      time.advance(by: .seconds(5))
      let lost = try await monitor.wait { $0.condition == .limited }
      #expect(lost.since == time.now)
      await time.waitForSleepers()
      #expect(time.timeUntilNextSleeper == .milliseconds(250))

      probe.answer(.online)
      time.advance(by: .milliseconds(250))
      let back = try await monitor.wait { $0.isOnline }
      #expect(back.since == time.now)
      #expect(probe.checkCount == 3)
    }
  }

  @Test("a report of unreachable asks the probe before it answers, and the next probes follow quickly")
  func reportProbes() async {
    let probe = ScriptedProbe(.online)
    let monitor = makeMonitor(probe)
    await withObserved(monitor) {
      await time.waitForSleepers()
      probe.answer(.limited)
      let status = await monitor.report(.unreachable("connection refused"))
      #expect(status.condition == .limited)
      #expect(status.evidence.map(\.source) == ["probe", "delivery"])
      #expect(probe.checkCount == 2)

      // The loop slept for five seconds; the report woke it, so that it now waits for a quarter of a second.
      while time.timeUntilNextSleeper != .milliseconds(250) { await Task.yield() }
    }
  }

  @Test("one probe serves all who report at the same time")
  func sharedProbe() async {
    let probe = ScriptedProbe(.limited, isHeld: true)
    let monitor = makeMonitor(probe)
    await withTaskGroup(of: NetworkStatus.self) { group in
      for _ in 0..<100 {
        group.addTask { await monitor.report(.unreachable("reset")) }
      }
      while monitor.sharingCount < 99 { await Task.yield() }
      probe.release()
      for await status in group { #expect(status.condition == .limited) }
    }
    #expect(probe.checkCount == 1)
  }

  @Test("a cancelled report leaves the probe to another one, and its own answer counts for nothing")
  func cancelledReport() async {
    let probe = ScriptedProbe(.limited, isHeld: true)
    let monitor = makeMonitor(probe)
    await withTaskGroup(of: Void.self) { first in
      first.addTask { _ = await monitor.report(.unreachable("reset")) }
      await probe.waitForChecks(1)
      await withTaskGroup(of: NetworkStatus.self) { second in
        second.addTask { await monitor.report(.unreachable("reset")) }
        while monitor.sharingCount < 1 { await Task.yield() }
        first.cancelAll()
        await probe.waitForChecks(2)
        #expect(monitor.status.isOnline, "an abandoned probe says nothing")
        probe.release()
        for await status in second { #expect(status.condition == .limited) }
      }
    }
  }

  @Test("an answered delivery never waits for a probe")
  func answeredIsQuick() async {
    let probe = ScriptedProbe(.limited)
    let monitor = makeMonitor(probe)
    #expect(await monitor.report(.unreachable("reset")).condition == .limited)
    probe.hold()
    #expect(await monitor.report(.answered).condition == .online)
    #expect(probe.checkCount == 1)
  }

  @Test("without a probe deliveries decide")
  func withoutProbe() async {
    let monitor = makeMonitor(nil)
    #expect(await monitor.report(.unreachable("reset")).condition == .limited)
    #expect(await monitor.report(.answered).condition == .online)
  }

  @Test("an override holds until it is taken back, and then the probe is asked at once")
  func override() async throws {
    let probe = ScriptedProbe(.online)
    let monitor = makeMonitor(probe)
    try await withObserved(monitor) {
      await time.waitForSleepers()
      monitor.setOverride(.offline)
      #expect(monitor.status.condition == .offline)
      #expect(await monitor.report(.answered).condition == .offline)
      #expect(await monitor.report(.unreachable("reset")).condition == .offline)
      #expect(probe.checkCount == 1)

      probe.answer(.portal)
      monitor.setOverride(nil)
      _ = try await monitor.wait { $0.condition == .portal }
    }
  }

  @Test("waiting ends with the task, and with an error")
  func cancelledWait() async {
    let monitor = makeMonitor(nil)
    await withTaskGroup(of: Bool.self) { group in
      group.addTask {
        do {
          _ = try await monitor.wait { $0.condition == .portal }
          return false
        } catch {
          return error is CancellationError
        }
      }
      while monitor.observerCount == 0 { await Task.yield() }
      group.cancelAll()
      for await isCancelled in group { #expect(isCancelled) }
    }
    #expect(monitor.observerCount == 0)
  }

  @Test("changes are logged with their reason, and nothing else is")
  func logging() async {
    let log = RecordingLog()
    let probe = ScriptedProbe(.limited)
    let monitor = NetworkMonitor(probe: probe, time: time, logger: Logger(label: "test") { _ in log.handler })
    _ = await monitor.report(.unreachable("reset"))
    _ = await monitor.report(.unreachable("reset"))
    _ = await monitor.report(.answered)
    _ = await monitor.report(.answered)
    #expect(
      log.lines == [
        "info the network is limited: probe: as scripted",
        "info the network is online: delivery: a delivery was answered",
      ])
  }
}

/// Runs `monitor` with an observer, so that it probes, for as long as `body` takes.
func withObserved(_ monitor: NetworkMonitor, _ body: () async throws -> Void) async rethrows {
  let observed = monitor.statuses()
  try await withRunning(monitor, body)
  withExtendedLifetime(observed) {}
}

/// Runs `monitor` for as long as `body` takes.
func withRunning(_ monitor: NetworkMonitor, _ body: () async throws -> Void) async rethrows {
  async let _: Void = monitor.run()
  try await body()
  // Leaving the scope cancels it and waits for its end.
}
