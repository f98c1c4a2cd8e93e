import Logging
import Testing
import TomboloNetwork
import TomboloPorts
import TomboloTesting

@Suite struct ProbePacingTests {
  private typealias Clock = NetworkStatusMachineTests.Clock

  private func probed(_ condition: NetworkStatus.Condition, jitter: Double = 0) -> NetworkStatusMachine.Event {
    .probed(ProbeResult(condition, detail: ""), jitter: jitter)
  }

  @Test("the first probe is due at once, the next after an interval when it says online")
  func start() {
    let clock = Clock()
    var machine = NetworkStatusMachine(configuration: .init(), hasProbe: true, at: clock.moment)
    #expect(machine.nextStep(at: clock.moment.uptime) == .probe)
    _ = machine.handle(probed(.online), at: clock.moment)
    #expect(machine.nextStep(at: clock.moment.uptime) == .wait(.seconds(5)))
  }

  @Test("after a change probes come quickly and then ever more slowly, up to the interval")
  func slowingDown() {
    var clock = Clock()
    var machine = NetworkStatusMachine(configuration: .init(), hasProbe: true, at: clock.moment)
    for milliseconds in [250, 500, 1_000, 2_000, 4_000, 5_000, 5_000] {
      _ = machine.handle(probed(.limited), at: clock.moment)
      #expect(machine.nextStep(at: clock.moment.uptime) == .wait(.milliseconds(milliseconds)))
      clock.advance(.milliseconds(milliseconds))
      #expect(machine.nextStep(at: clock.moment.uptime) == .probe)
    }
    _ = machine.handle(probed(.online), at: clock.moment)
    #expect(machine.nextStep(at: clock.moment.uptime) == .wait(.milliseconds(250)))
  }

  @Test("jitter shortens a delay and never lengthens it", arguments: [(0.0, 5_000), (0.5, 4_500), (1.0, 4_000)])
  func jitter(draw: Double, milliseconds: Int) {
    let clock = Clock()
    var machine = NetworkStatusMachine(configuration: .init(jitter: 0.2), hasProbe: true, at: clock.moment)
    _ = machine.handle(probed(.online, jitter: draw), at: clock.moment)
    #expect(machine.nextStep(at: clock.moment.uptime) == .wait(.milliseconds(milliseconds)))
  }

  @Test("nothing is due without a probe, nor while an override decides; taking it back probes at once")
  func override() {
    let clock = Clock()
    let blind = NetworkStatusMachine(configuration: .init(), hasProbe: false, at: clock.moment)
    #expect(blind.nextStep(at: clock.moment.uptime) == .wait(nil))

    var machine = NetworkStatusMachine(configuration: .init(), hasProbe: true, at: clock.moment)
    _ = machine.handle(probed(.online), at: clock.moment)
    _ = machine.handle(.override(.offline), at: clock.moment)
    #expect(machine.nextStep(at: clock.moment.uptime + .seconds(60)) == .wait(nil))
    #expect(!machine.isProbeWanted(at: clock.moment.uptime))
    _ = machine.handle(.override(nil), at: clock.moment)
    #expect(machine.nextStep(at: clock.moment.uptime) == .probe)
  }

  @Test("a report of unreachable wants a probe, unless it failed a moment ago")
  func wanted() {
    var clock = Clock()
    var machine = NetworkStatusMachine(configuration: .init(), hasProbe: true, at: clock.moment)
    #expect(machine.isProbeWanted(at: clock.moment.uptime))
    _ = machine.handle(probed(.online), at: clock.moment)
    #expect(machine.isProbeWanted(at: clock.moment.uptime))
    _ = machine.handle(probed(.limited), at: clock.moment)
    #expect(!machine.isProbeWanted(at: clock.moment.uptime))
    clock.advance(.milliseconds(250))
    #expect(machine.isProbeWanted(at: clock.moment.uptime))
  }

  @Test("nothing is due while nobody observes; what came due meanwhile is due at once when somebody does")
  func unobserved() {
    var clock = Clock()
    var machine = NetworkStatusMachine(configuration: .init(), hasProbe: true, at: clock.moment)
    _ = machine.handle(probed(.online), at: clock.moment)
    #expect(machine.nextStep(at: clock.moment.uptime, isObserved: false) == .wait(nil))
    clock.advance(.seconds(3_600))
    #expect(machine.nextStep(at: clock.moment.uptime, isObserved: false) == .wait(nil))
    #expect(machine.nextStep(at: clock.moment.uptime, isObserved: true) == .probe)
  }

  @Test("a monitor that nobody observes asks nobody; the first observer sets it going, the last one ends it")
  func observersDecide() async {
    let (time, probe) = (ManualTimeSource(), ScriptedProbe(.limited))
    let monitor = NetworkMonitor(
      probe: probe, configuration: .init(jitter: 0), time: time,
      logger: Logger(label: "test") { _ in SilentLogHandler() })
    await withRunning(monitor) {
      time.advance(by: .seconds(60))
      #expect(probe.checkCount == 0)
      var observed: AsyncStream<NetworkStatus>? = monitor.statuses()
      await probe.waitForChecks(1)
      await time.waitForSleepers()
      // The loop sleeps until the next probe would be due, and then finds that nobody is there.
      observed = nil
      #expect(observed == nil && monitor.observerCount == 0)
      time.advance(by: .seconds(60))
      while time.sleeperCount > 0 { await Task.yield() }
      #expect(probe.checkCount == 1)
    }
  }
}
