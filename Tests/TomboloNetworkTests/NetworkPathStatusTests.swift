import Testing
import TomboloNetwork
import TomboloPorts

/// What the system's word does to the status.
@Suite struct NetworkPathStatusTests {
  typealias Clock = NetworkStatusMachineTests.Clock

  enum Happening: Sendable {
    case path(NetworkPath.Reach)
    case unknown
    case probed(NetworkStatus.Condition)
    case answered
    case unreachable
    case override(NetworkStatus.Condition?)
    /// Ten seconds go by.
    case pause
  }

  struct Story: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var hasProbe: Bool
    var steps: [(happening: Happening, expected: NetworkStatus.Condition)]

    init(
      _ sentence: String, hasProbe: Bool = true, _ steps: (Happening, NetworkStatus.Condition)...
    ) {
      testDescription = sentence
      self.hasProbe = hasProbe
      self.steps = steps.map { (happening: $0.0, expected: $0.1) }
    }
  }

  static let stories = [
    Story("no way out is offline", (.path(.none), .offline)),
    Story("neighbours alone are limited", (.path(.local), .limited)),
    Story("a way out alone proves nothing against a probe", (.probed(.limited), .limited), (.path(.routed), .limited)),
    Story(
      "a lost way out is believed whatever was said before",
      (.path(.routed), .online), (.probed(.online), .online), (.answered, .online), (.path(.none), .offline)),
    Story(
      "a way back outdates what the probe said without it, and the probe that follows has the word",
      (.path(.routed), .online), (.probed(.online), .online), (.path(.none), .offline), (.probed(.limited), .offline),
      (.path(.routed), .online), (.probed(.limited), .limited), (.probed(.online), .online)),
    Story(
      "what the probe said while there was a way is not outdated by its return",
      (.path(.routed), .online), (.probed(.limited), .limited), (.path(.none), .offline), (.path(.routed), .limited)),
    Story(
      "a probe that succeeds without a way out shows that none is needed, for good",
      (.path(.none), .offline), (.probed(.online), .online), (.pause, .online), (.path(.routed), .online),
      (.path(.none), .online), (.path(.local), .online)),
    Story(
      "a success just before the system tells of a way shows that the system was late, not that no way is needed",
      (.path(.none), .offline), (.probed(.online), .online), (.path(.routed), .online), (.path(.none), .offline)),
    Story(
      "what needs neighbours needs them", (.path(.local), .limited), (.probed(.online), .online),
      (.pause, .online), (.path(.none), .offline), (.path(.local), .online)),
    Story(
      "a failure without a way out makes the system right again", (.path(.none), .offline), (.answered, .online),
      (.unreachable, .offline)),
    Story("a portal that answers a neighbour is told", (.path(.local), .limited), (.probed(.portal), .portal)),
    Story("an answered delivery outweighs the system", (.path(.none), .offline), (.answered, .online)),
    Story(
      "an answer that was under way when the way was lost proves nothing",
      (.path(.routed), .online), (.probed(.online), .online), (.path(.none), .offline), (.answered, .offline),
      (.path(.routed), .online), (.answered, .online)),
    Story("what cannot be known says nothing", (.path(.none), .offline), (.unknown, .online)),
    Story("an override wins", (.override(.online), .online), (.path(.none), .online), (.override(nil), .offline)),
    Story(
      "without a probe a way out that comes back ends what deliveries met before", hasProbe: false,
      (.path(.routed), .online), (.unreachable, .limited), (.path(.none), .offline), (.path(.routed), .online),
      (.unreachable, .limited)),
    Story(
      "without a probe the first word of the system takes nothing back", hasProbe: false, (.unreachable, .limited),
      (.path(.routed), .limited)),
  ]

  @Test("the status follows the rule", arguments: stories)
  func rule(story: Story) {
    var clock = Clock()
    var machine = NetworkStatusMachine(
      configuration: NetworkMonitorConfiguration(damping: nil), hasProbe: story.hasProbe, at: clock.moment)
    for (index, step) in story.steps.enumerated() {
      clock.advance(.milliseconds(100))
      let before = machine.condition
      if case .pause = step.happening { clock.advance(.seconds(10)) }
      let changed = machine.handle(event(step.happening), at: clock.moment)
      #expect(machine.condition == step.expected, "step \(index)")
      #expect(changed == (before != step.expected), "step \(index)")
    }
  }

  @Test("a change of the ways out is followed by a probe at once, but not by one after the other")
  func probing() {
    var clock = Clock()
    var machine = NetworkStatusMachine(
      configuration: NetworkMonitorConfiguration(jitter: 0), hasProbe: true, at: clock.moment)
    _ = machine.handle(event(.path(.routed)), at: clock.moment)
    _ = machine.handle(event(.probed(.online)), at: clock.moment)
    clock.advance(.seconds(1))
    #expect(machine.nextStep(at: clock.moment.uptime) != .probe)
    _ = machine.handle(event(.path(.routed)), at: clock.moment)
    #expect(machine.nextStep(at: clock.moment.uptime) != .probe, "nothing changed")
    _ = machine.handle(event(.path(.local)), at: clock.moment)
    #expect(machine.nextStep(at: clock.moment.uptime) == .probe)
    _ = machine.handle(event(.probed(.limited)), at: clock.moment)
    _ = machine.handle(event(.path(.routed)), at: clock.moment)
    #expect(machine.nextStep(at: clock.moment.uptime) == .wait(.milliseconds(250)))
  }

  @Test(
    "without any way out only this machine is probed as before, another once a minute; a way back is probed at once")
  func quiet() {
    var clock = Clock()
    var machine = NetworkStatusMachine(
      configuration: NetworkMonitorConfiguration(jitter: 0), hasProbe: true, at: clock.moment)
    _ = machine.handle(event(.path(.none)), at: clock.moment)
    #expect(machine.nextStep(at: clock.moment.uptime) == .probe, "the first probe is always asked")
    _ = machine.handle(event(.path(.routed)), at: clock.moment)
    _ = machine.handle(event(.probed(.online)), at: clock.moment)

    clock.advance(.seconds(1))
    _ = machine.handle(event(.path(.none)), at: clock.moment)
    #expect(machine.nextStep(at: clock.moment.uptime, isProbeLocal: true) == .probe)
    #expect(machine.isProbeWanted(at: clock.moment.uptime, isProbeLocal: true))
    #expect(machine.nextStep(at: clock.moment.uptime) == .wait(.seconds(60)))
    #expect(!machine.isProbeWanted(at: clock.moment.uptime + .seconds(59)))
    #expect(machine.isProbeWanted(at: clock.moment.uptime + .seconds(60)))

    clock.advance(.seconds(60))
    #expect(machine.nextStep(at: clock.moment.uptime) == .probe, "the system may be wrong")
    _ = machine.handle(event(.probed(.limited)), at: clock.moment)
    #expect(machine.nextStep(at: clock.moment.uptime) == .wait(.seconds(60)))

    clock.advance(.seconds(1))
    _ = machine.handle(event(.override(.online)), at: clock.moment)
    _ = machine.handle(event(.override(nil)), at: clock.moment)
    #expect(machine.nextStep(at: clock.moment.uptime) == .probe, "a decision was taken back")
    #expect(machine.isProbeWanted(at: clock.moment.uptime))
    machine.probeStarted(at: clock.moment.uptime)
    _ = machine.handle(event(.probed(.limited)), at: clock.moment)
    #expect(machine.nextStep(at: clock.moment.uptime) == .wait(.seconds(60)))

    clock.advance(.seconds(1))
    _ = machine.reconfigure(NetworkMonitorConfiguration(jitter: 0), hasProbe: true, at: clock.moment)
    #expect(machine.nextStep(at: clock.moment.uptime) == .probe, "the probe is another one")
    machine.probeStarted(at: clock.moment.uptime)
    _ = machine.handle(event(.probed(.limited)), at: clock.moment)
    #expect(machine.nextStep(at: clock.moment.uptime) == .wait(.seconds(60)))

    clock.advance(.seconds(1))
    _ = machine.handle(event(.path(.routed)), at: clock.moment)
    #expect(machine.nextStep(at: clock.moment.uptime) == .probe)
  }

  @Test("a probe that was asked before the way was lost, and answered after, proves nothing; one asked after does")
  func lateProbe() {
    var clock = Clock()
    var machine = NetworkStatusMachine(configuration: .init(damping: nil), hasProbe: true, at: clock.moment)
    _ = machine.handle(event(.path(.routed)), at: clock.moment)
    machine.probeStarted(at: clock.moment.uptime)
    clock.advance(.milliseconds(10))
    _ = machine.handle(event(.path(.none)), at: clock.moment)
    clock.advance(.milliseconds(10))
    _ = machine.handle(event(.probed(.online)), at: clock.moment)
    #expect(machine.condition == .offline)
    machine.probeStarted(at: clock.moment.uptime)
    _ = machine.handle(event(.probed(.online)), at: clock.moment)
    #expect(machine.condition == .online)
  }

  @Test("where the system cannot know, or was shown to be wrong, probes go on as without it")
  func notQuiet() {
    for happening in [Happening.unknown, .probed(.online)] {
      var clock = Clock()
      var machine = NetworkStatusMachine(
        configuration: NetworkMonitorConfiguration(jitter: 0), hasProbe: true, at: clock.moment)
      _ = machine.handle(event(.probed(.limited)), at: clock.moment)
      _ = machine.handle(event(.path(.none)), at: clock.moment)
      #expect(machine.nextStep(at: clock.moment.uptime) == .wait(.seconds(60)))
      _ = machine.handle(event(happening), at: clock.moment)
      clock.advance(.seconds(5))
      #expect(machine.nextStep(at: clock.moment.uptime) == .probe)
    }
  }

  @Test("the system's word is told among the evidence, first where it decides")
  func evidence() {
    var clock = Clock()
    var machine = NetworkStatusMachine(configuration: .init(), hasProbe: true, at: clock.moment)
    _ = machine.handle(event(.probed(.online)), at: clock.moment)
    let eth0 = NetworkInterface(name: "eth0", kind: .ethernet, hasIPv4: true, carriesDefaultRoute: true)
    _ = machine.handle(
      .path(.path(NetworkPath(reach: .routed, interfaces: [eth0], isMetered: true))), at: clock.moment)
    #expect(machine.status.evidence.map(\.source) == ["probe", "system"])
    #expect(machine.status.evidence.last?.detail == "default route over eth0")
    #expect(machine.status.isMetered == true)
    clock.advance(.seconds(1))
    _ = machine.handle(event(.path(.none)), at: clock.moment)
    #expect(machine.status.evidence.map(\.source) == ["system", "probe"])
    #expect(machine.status.evidence.first?.detail == "no interface is up with an address")
    #expect(machine.status.evidence.first?.at == clock.moment.now)
    #expect(machine.status.isMetered == nil)
  }

  private func event(_ happening: Happening) -> NetworkStatusMachine.Event {
    switch happening {
    case .path(let reach): .path(.path(NetworkPath(reach: reach)))
    case .unknown: .path(.unknown(reason: "as told"))
    case .probed(let condition): .probed(ProbeResult(condition, detail: "as scripted"), jitter: 0)
    case .answered: .delivery(.answered)
    case .unreachable: .delivery(.unreachable("refused"))
    case .override(let condition): .override(condition)
    case .pause: .timePassed
    }
  }
}
