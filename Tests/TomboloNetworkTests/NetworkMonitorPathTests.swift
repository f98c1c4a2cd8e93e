import Logging
import Testing
import TomboloNetwork
import TomboloPorts
import TomboloTesting

@Suite(.timeLimit(.minutes(1))) struct NetworkMonitorPathTests {
  /// Reports what it is given, until cancelled.
  private struct ScriptedPath: NetworkPathSource {
    let reports: AsyncStream<NetworkPathReport>
    var name: String { "script" }

    func run(_ report: @escaping @Sendable (NetworkPathReport) -> Void) async {
      for await next in reports { report(next) }
    }
  }

  @Test("the monitor follows the system while it runs, and has the probe asked after a change")
  func follows() async throws {
    let (reports, script) = AsyncStream.makeStream(of: NetworkPathReport.self)
    let time = ManualTimeSource()
    let probe = ScriptedProbe(.online)
    let log = RecordingLog()
    let monitor = NetworkMonitor(
      probe: probe, path: ScriptedPath(reports: reports), configuration: .init(jitter: 0, damping: nil), time: time,
      logger: Logger(label: "test") { _ in log.handler })
    try await withRunning(monitor) {
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
}
