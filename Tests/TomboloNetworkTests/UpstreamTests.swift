import Logging
import Testing
import TomboloNetwork
import TomboloPorts
import TomboloTesting

@Suite(.timeLimit(.minutes(5))) struct UpstreamTests {
  private let time = ManualTimeSource()
  private let intranet = ScriptedProbe(.online)
  private let internet = ScriptedProbe(.limited)
  private let log = RecordingLog()

  private func makeMonitor(probe: ScriptedProbe? = nil, path: (any NetworkPathSource)? = nil) -> NetworkMonitor {
    NetworkMonitor(
      probe: probe, path: path,
      upstreams: [
        NetworkUpstream("intranet", probe: intranet),
        NetworkUpstream("internet", probe: internet, probeInterval: .seconds(60)),
      ],
      configuration: .init(jitter: 0, damping: nil), time: time, logger: Logger(label: "test") { _ in log.handler })
  }

  @Test("an intranet host is reached while the internet is not, and observers hear when one of them changes")
  func perUpstream() async throws {
    let monitor = makeMonitor()
    try await withObserved(monitor) {
      // Either may answer first: until both have, the best of them is the one that has.
      let mixed = try await monitor.wait {
        $0.upstream("internet")?.condition == .limited && $0.upstream("intranet")?.evidence.isEmpty == false
      }
      #expect(mixed.upstream("intranet")?.isOnline == true)
      #expect(mixed.condition == .online, "the best of them")
      #expect(mixed.upstreams.map(\.name) == ["intranet", "internet"])

      intranet.answer(.portal)
      await time.waitForSleepers(2)
      time.advance(by: .seconds(5))
      let none = try await monitor.wait { $0.upstream("intranet")?.condition == .portal }
      #expect(none.condition == .portal)
      #expect(none.evidence.first?.detail == "upstream intranet is portal")
    }
    #expect(log.lines.contains("info the upstream internet is limited: probe: as scripted"))
    #expect(log.lines.contains("info the upstream intranet is portal: probe: as scripted"))
  }

  @Test("with a probe of its own the whole does not depend on the upstreams")
  func ownProbe() async throws {
    let monitor = makeMonitor(probe: ScriptedProbe(.limited))
    try await withObserved(monitor) {
      let status = try await monitor.wait {
        $0.condition == .limited && $0.upstream("internet")?.condition == .limited
      }
      #expect(status.upstream("intranet")?.isOnline == true)
    }
  }

  @Test("each upstream is probed at its own interval")
  func intervals() async throws {
    internet.answer(.online)
    let monitor = makeMonitor()
    await withObserved(monitor) {
      await time.waitForSleepers(2)
      for round in 2...5 {
        time.advance(by: .seconds(5))
        await intranet.waitForChecks(round)
        await time.waitForSleepers(2)
      }
      #expect(internet.checkCount == 1)
    }
  }

  @Test("what a delivery to one upstream met says nothing about another; an unknown name says nothing at all")
  func deliveries() async {
    let monitor = makeMonitor()
    internet.answer(.limited)
    var status = await monitor.report(.unreachable("refused"), upstream: "internet")
    #expect(status.upstream("internet")?.condition == .limited)
    #expect(status.upstream("intranet")?.condition == .online)
    status = await monitor.report(.answered, upstream: "internet")
    #expect(status.upstream("internet")?.condition == .online)
    let before = monitor.status
    #expect(await monitor.report(.unreachable("refused"), upstream: "elsewhere") == before)
  }

  @Test("no way out is no way to any upstream, but to one that answers all the same")
  func path() async throws {
    let (reports, script) = AsyncStream.makeStream(of: NetworkPathReport.self)
    internet.answer(.online)
    let monitor = makeMonitor(path: ScriptedPath(reports: reports))
    try await withObserved(monitor) {
      script.yield(.path(NetworkPath(reach: .routed)))
      await time.waitForSleepers(2)
      time.advance(by: .seconds(1))
      internet.answer(.limited)
      script.yield(.path(NetworkPath(reach: .local)))
      _ = try await monitor.wait {
        $0.upstream("intranet")?.isOnline == true && $0.upstream("internet")?.condition == .limited
      }
    }
  }

  @Test("an override concerns all of them")
  func override() {
    let monitor = makeMonitor()
    monitor.setOverride(.offline)
    #expect(monitor.status.upstreams.allSatisfy { $0.condition == .offline })
  }
}
