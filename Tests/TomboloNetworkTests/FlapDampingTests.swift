import Testing
import TomboloNetwork
import TomboloPorts

@Suite struct FlapDampingTests {
  private var clock = NetworkStatusMachineTests.Clock()
  private var machine: NetworkStatusMachine

  init() {
    machine = NetworkStatusMachine(configuration: .init(), hasProbe: true, at: clock.moment)
    probe(.online)
  }

  private mutating func probe(_ condition: NetworkStatus.Condition) {
    _ = machine.handle(.probed(ProbeResult(condition, detail: ""), jitter: 0), at: clock.moment)
  }

  /// Loses the network and has it back, `count` times, a loss every `period`; the conditions after each recovery.
  private mutating func flap(_ count: Int, every period: Duration) -> [NetworkStatus.Condition] {
    (0..<count).map { _ in
      probe(.limited)
      #expect(machine.condition == .limited, "a loss is never held")
      clock.advance(period / 2)
      probe(.online)
      defer { clock.advance(period / 2) }
      return machine.condition
    }
  }

  @Test("the first flaps pass at once, repeated ones are held until the penalty has decayed")
  mutating func hold() throws {
    #expect(flap(4, every: .milliseconds(200)) == [.online, .online, .online, .limited])

    var held = Duration.zero
    while machine.condition != .online, held < .seconds(60) {
      let step = Duration.milliseconds(100)
      clock.advance(step)
      held += step
      _ = machine.handle(.timePassed, at: clock.moment)
    }
    // From about 4 down to 2 with a half-life of 10 s.
    #expect(held > .seconds(9) && held < .seconds(10))
  }

  @Test("the owner is told to look again exactly when the hold ends")
  mutating func deadline() throws {
    var configuration = NetworkMonitorConfiguration()
    configuration.probeInterval = .seconds(3_600)
    configuration.probeDelayMinimum = .seconds(3_600)
    machine = NetworkStatusMachine(configuration: configuration, hasProbe: true, at: clock.moment)
    _ = flap(4, every: .milliseconds(200))
    guard case .wait(let duration?) = machine.nextStep(at: clock.moment.uptime) else {
      Issue.record("nothing to wait for")
      return
    }
    clock.advance(duration - .milliseconds(1))
    let isEarly = machine.handle(.timePassed, at: clock.moment)
    #expect(!isEarly)
    clock.advance(.milliseconds(1))
    let isDue = machine.handle(.timePassed, at: clock.moment)
    #expect(isDue)
    #expect(machine.condition == .online)
  }

  @Test("an answered delivery ends a hold at once")
  mutating func proof() {
    _ = flap(4, every: .milliseconds(200))
    #expect(machine.condition == .limited)
    _ = machine.handle(.delivery(.answered), at: clock.moment)
    #expect(machine.condition == .online)
  }

  @Test("no hold is longer than the limit, however often the network flapped")
  mutating func limit() {
    _ = flap(1_000, every: .milliseconds(10))
    clock.advance(.seconds(14))
    _ = machine.handle(.timePassed, at: clock.moment)
    #expect(machine.condition == .limited)
    clock.advance(.seconds(1))
    _ = machine.handle(.timePassed, at: clock.moment)
    #expect(machine.condition == .online)
  }

  @Test("a network lost seldom is never held")
  mutating func seldom() {
    #expect(flap(100, every: .seconds(6)).allSatisfy { $0 == .online })
  }

  @Test("without damping every change passes")
  mutating func undamped() {
    machine = NetworkStatusMachine(configuration: .init(damping: nil), hasProbe: true, at: clock.moment)
    #expect(flap(100, every: .milliseconds(10)).allSatisfy { $0 == .online })
  }

  @Test("an override is not a flap")
  mutating func overrides() {
    for _ in 0..<100 {
      _ = machine.handle(.override(.offline), at: clock.moment)
      _ = machine.handle(.override(nil), at: clock.moment)
      #expect(machine.condition == .online)
    }
  }

  @Test("while recoveries are held, half a recovery is held too: nothing but the loss is told")
  mutating func halfRecoveries() throws {
    _ = flap(6, every: .milliseconds(200))
    var told = 0
    for _ in 0..<20 {
      for condition in [NetworkStatus.Condition.offline, .limited] {
        let before = machine.condition
        probe(condition)
        if machine.condition != before { told += 1 }
        clock.advance(.milliseconds(50))
      }
    }
    #expect(machine.condition == .offline)
    #expect(told == 1)
    // The hold ends without a further event.
    for _ in 0..<200 {
      clock.advance(.milliseconds(100))
      _ = machine.handle(.timePassed, at: clock.moment)
    }
    #expect(machine.condition == .limited)
  }
}
