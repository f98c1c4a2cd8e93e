import Logging
import Testing
import TomboloNetwork
import TomboloPorts
import TomboloTesting

@Suite(.timeLimit(.minutes(5))) struct NetworkMonitorPathTests {
  @Test("the monitor follows the system while it runs, and has the probe asked after a change")
  func follows() async throws {
    let (reports, script) = AsyncStream.makeStream(of: NetworkPathReport.self)
    let time = ManualTimeSource()
    let probe = ScriptedProbe(.online, isOnThisMachine: true)
    let log = RecordingLog()
    let monitor = NetworkMonitor(
      probe: probe, path: ScriptedPath(reports: reports), configuration: .init(jitter: 0, damping: nil), time: time,
      logger: Logger(label: "test") { _ in log.handler })
    try await withObserved(monitor) {
      script.yield(.path(NetworkPath(reach: .routed)))
      await probe.waitForChecks(1)
      await time.waitForSleepers()
      time.advance(by: .seconds(1))

      probe.hold()
      script.yield(.path(NetworkPath(reach: .none)))
      _ = try await monitor.wait { $0.condition == .offline }
      await probe.waitForChecks(2)

      script.yield(.unknown(reason: "it is dark"))
      _ = try await monitor.wait { $0.condition == .online }
      probe.release()
    }
    #expect(log.lines.contains { $0.hasPrefix("warning") && $0.hasSuffix(": it is dark") })
  }

  @Test("a probe that asks over a way that is gone is given up, and the one that follows has the word")
  func rerouted() async throws {
    let (reports, script) = AsyncStream.makeStream(of: NetworkPathReport.self)
    let time = ManualTimeSource()
    let probe = ScriptedProbe(.limited, isHeld: true)
    let monitor = NetworkMonitor(
      probe: probe, path: ScriptedPath(reports: reports), configuration: .init(jitter: 0, damping: nil), time: time,
      logger: Logger(label: "test") { _ in SilentLogHandler() })
    try await withObserved(monitor) {
      // Asked, and never answered.
      await probe.waitForChecks(1)
      script.yield(.path(NetworkPath(reach: .none)))
      _ = try await monitor.wait { $0.condition == .offline }

      time.advance(by: .seconds(1))
      script.yield(.path(NetworkPath(reach: .routed)))
      let back = try await monitor.wait { $0.condition == .online }
      #expect(back.since == time.now, "nobody waits for the lost answer: \(back)")
      await probe.waitForChecks(2)
      probe.answer(.portal)
      probe.release()
      _ = try await monitor.wait { $0.condition == .portal }
    }
  }

  @Test("the answer to a question that a delivery had asked before the way was lost proves nothing either")
  func lateAnswerToDelivery() async throws {
    let (reports, script) = AsyncStream.makeStream(of: NetworkPathReport.self)
    let (time, probe) = (ManualTimeSource(), ScriptedProbe(.online, isHeld: true))
    let monitor = NetworkMonitor(
      probe: probe, path: ScriptedPath(reports: reports), configuration: .init(jitter: 0, damping: nil), time: time,
      logger: Logger(label: "test") { _ in SilentLogHandler() })
    script.yield(.path(NetworkPath(reach: .routed)))
    // Nobody observes, so that the monitor asks nothing of itself.
    await withRunning(monitor) {
      while monitor.status.evidence.isEmpty { await Task.yield() }
      async let answer = monitor.report(.unreachable("refused"))
      await probe.waitForChecks(1)
      time.advance(by: .milliseconds(100))
      script.yield(.path(NetworkPath(reach: .none)))
      while monitor.status.condition != .offline { await Task.yield() }
      probe.release()
      #expect(await answer.condition == .offline)
    }
  }

  @Test("without a way out another machine is not probed, not even when a delivery fails; with one, at once")
  func quiet() async throws {
    let (reports, script) = AsyncStream.makeStream(of: NetworkPathReport.self)
    let time = ManualTimeSource()
    let probe = ScriptedProbe(.limited)
    let monitor = NetworkMonitor(
      probe: probe, path: ScriptedPath(reports: reports), configuration: .init(jitter: 0, damping: nil), time: time,
      logger: Logger(label: "test") { _ in SilentLogHandler() })
    try await withObserved(monitor) {
      _ = try await monitor.wait { $0.condition == .limited }
      script.yield(.path(NetworkPath(reach: .none)))
      _ = try await monitor.wait { $0.condition == .offline }
      for _ in 0..<10 {
        time.advance(by: .seconds(5))
        #expect(await monitor.report(.unreachable("no route")).condition == .offline)
      }
      await time.waitForSleepers()
      #expect(probe.checkCount == 1)
      script.yield(.path(NetworkPath(reach: .routed)))
      _ = try await monitor.wait { $0.condition == .limited }
      await probe.waitForChecks(2)
    }
  }

  @Test("a survey asks the system and every probe once, without run, and also while nobody observes")
  func survey() async {
    let (reports, script) = AsyncStream.makeStream(of: NetworkPathReport.self)
    let (probe, intranet) = (ScriptedProbe(.portal), ScriptedProbe(.online))
    let monitor = NetworkMonitor(
      probe: probe, path: ScriptedPath(reports: reports), upstreams: [NetworkUpstream("intranet", probe: intranet)],
      time: ManualTimeSource(), logger: Logger(label: "test") { _ in SilentLogHandler() })
    let eth0 = NetworkInterface(name: "eth0", kind: .ethernet, hasIPv4: true, carriesDefaultRoute: true)
    script.yield(.path(NetworkPath(reach: .routed, interfaces: [eth0])))
    let status = await monitor.survey()
    #expect(status.condition == .portal)
    #expect(status.interfaces == [eth0])
    #expect(status.upstream("intranet")?.condition == .online)
    #expect(probe.checkCount == 1 && intranet.checkCount == 1)
  }

  /// Never knows, and tells when it has said so.
  private struct DarkPath: NetworkPathSource {
    let said: AsyncStream<Void>.Continuation
    var name: String { "dark" }

    func run(_ report: @escaping @Sendable (NetworkPathReport) -> Void) async {
      report(.unknown(reason: "it is dark"))
      said.yield()
      // Ends with the task.
      for await _ in AsyncStream<Void>.makeStream().stream {}
    }
  }

  @Test("a survey tells the log that the system cannot know, and running afterwards does not repeat it")
  func surveyInTheDark() async {
    let (said, teller) = AsyncStream.makeStream(of: Void.self)
    let log = RecordingLog()
    let monitor = NetworkMonitor(
      path: DarkPath(said: teller), time: ManualTimeSource(), logger: Logger(label: "test") { _ in log.handler })
    var times = said.makeAsyncIterator()
    _ = await monitor.survey()
    await times.next()
    await withObserved(monitor) { await times.next() }
    #expect(log.lines.count { $0.hasPrefix("warning") && $0.hasSuffix(": it is dark") } == 1)
  }

  @Test("a silent source reports nothing, or its reason once, and ends with its task")
  func silent() async {
    for reason in [nil, "there is none"] {
      let (reports, teller) = AsyncStream.makeStream(of: NetworkPathReport.self)
      await withTaskGroup(of: Void.self) { group in
        group.addTask { await SilentPathSource(reason: reason).run { teller.yield($0) } }
        group.cancelAll()
      }
      teller.finish()
      var told: [NetworkPathReport] = []
      for await report in reports { told.append(report) }
      #expect(told == (reason.map { [.unknown(reason: $0)] } ?? []))
    }
  }
}
