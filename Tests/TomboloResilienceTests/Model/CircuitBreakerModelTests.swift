import Testing
import TomboloResilience

/// A breaker as one would explain it: every call is remembered, everything is counted anew each time.
private struct PlainBreaker {
  enum Phase: Equatable { case closed, open(until: Duration), halfOpen(successes: Int), isolated }
  struct Call {
    var end: Duration
    var failed: Bool
    var slow: Bool
  }

  let configuration: CircuitBreakerConfiguration
  var phase = Phase.closed
  var calls: [Call] = []
  var period = 0
  var probes = 0

  init(_ configuration: CircuitBreakerConfiguration) { self.configuration = configuration }

  func state(at now: Duration) -> CircuitBreakerState {
    switch phase {
    case .closed: .closed
    case .open(let until): until <= now ? .halfOpen : .open(remaining: until - now)
    case .halfOpen: .halfOpen
    case .isolated: .isolated
    }
  }

  mutating func move(to next: Phase) {
    phase = next
    period += 1
    if next == .closed { calls = [] }
  }

  /// Whether the call may be made, and whether it is a probe.
  mutating func admit(at now: Duration) -> (period: Int, isProbe: Bool)? {
    if phase == .closed { return (period, false) }
    guard state(at: now) == .halfOpen else { return nil }
    if case .open = phase { move(to: .halfOpen(successes: 0)) }
    guard probes < configuration.probeMaximum else { return nil }
    probes += 1
    return (period, true)
  }

  mutating func settle(
    _ permit: (period: Int, isProbe: Bool), as outcome: CircuitBreakerMachine.Outcome, isSlow: Bool, at now: Duration
  ) {
    if permit.isProbe { probes -= 1 }
    guard permit.period == period, outcome != .ignored else { return }
    switch phase {
    case .closed:
      calls.append(Call(end: now, failed: outcome == .failed, slow: isSlow))
      let recent = recent(at: now)
      guard recent.count >= configuration.callCountMinimum else { return }
      let failures = recent.count { $0.failed }
      let slow = recent.count { $0.slow }
      let tooManyFail = failures > 0 && Double(failures) >= configuration.failureRatio * Double(recent.count)
      let tooManyAreSlow = slow > 0 && Double(slow) >= configuration.slowCallRatio * Double(recent.count)
      if tooManyFail || tooManyAreSlow { move(to: .open(until: now + configuration.openDuration)) }
    case .halfOpen(let successes):
      if outcome == .failed || isSlow {
        move(to: .open(until: now + configuration.openDuration))
      } else if successes + 1 >= configuration.successThreshold {
        move(to: .closed)
      } else {
        phase = .halfOpen(successes: successes + 1)
      }
    case .open, .isolated: break
    }
  }

  func recent(at now: Duration) -> [Call] {
    switch configuration.window {
    case .count(let count): return calls.suffix(count)
    case .time(let span):
      let slice = (span / 10).attoseconds
      let newest = now.attoseconds / slice
      return calls.filter { $0.end.attoseconds / slice > newest - 10 }
    }
  }
}

@Suite("CircuitBreaker against a plain model")
struct CircuitBreakerModelTests {
  static let configurations = [
    CircuitBreakerConfiguration(callCountMinimum: 3, window: .count(5), openDuration: .seconds(2)),
    CircuitBreakerConfiguration(
      failureRatio: 0.3, callCountMinimum: 4, window: .count(12), openDuration: .milliseconds(500), probeMaximum: 3,
      successThreshold: 2, slowCallDuration: .seconds(1), slowCallRatio: 0.6),
    CircuitBreakerConfiguration(
      failureRatio: 0.6, callCountMinimum: 3, window: .time(.seconds(3)), openDuration: .seconds(1), probeMaximum: 2,
      successThreshold: 3, slowCallDuration: .seconds(1), slowCallRatio: 0.9),
  ]

  @Test(
    "Whatever happens in whatever order, it answers as the model does, and probes return to zero",
    arguments: configurations.indices, UInt64(1)...60)
  func model(configuration index: Int, seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let configuration = Self.configurations[index]
    var machine = CircuitBreakerMachine(configuration)
    var plain = PlainBreaker(configuration)
    var running: [(CircuitBreakerMachine.Permit, (period: Int, isProbe: Bool))] = []
    var now = Duration.zero
    func settleOne() {
      guard !running.isEmpty else { return }
      let (permit, plainPermit) = running.remove(at: Int.random(in: running.indices, using: &random))
      // Streaks, because evenly mixed results would hardly ever close it again.
      let isBad = now.components.seconds / 5 % 2 == 0
      let outcome: CircuitBreakerMachine.Outcome =
        switch Int.random(in: 0..<10, using: &random) {
        case 0: .ignored
        case 1...4: isBad ? .failed : .succeeded
        default: .succeeded
        }
      let isSlow = isBad && Int.random(in: 0..<6, using: &random) == 0
      machine.settle(permit, as: outcome, isSlow: isSlow, at: now)
      plain.settle(plainPermit, as: outcome, isSlow: isSlow, at: now)
    }
    for step in 0..<600 {
      switch Int.random(in: 0..<100, using: &random) {
      case 0..<45:
        let admission = machine.admit(at: now)
        switch (admission, plain.admit(at: now)) {
        case (.admitted(let permit), let plainPermit?): running.append((permit, plainPermit))
        case (.refused(let state), nil): #expect(state == plain.state(at: now), "seed \(seed), step \(step)")
        case (_, let other):
          Issue.record("seed \(seed), step \(step): \(admission), the model \(String(describing: other))")
          return
        }
      case 45..<85: settleOne()
      case 85..<98: now += .milliseconds(Int.random(in: 0...700, using: &random))
      case 98:
        machine.isolate()
        plain.move(to: .isolated)
      default:
        machine.close()
        plain.move(to: .closed)
      }
      #expect(machine.state(at: now) == plain.state(at: now), "seed \(seed), step \(step)")
      #expect(machine.isClosed == (plain.phase == .closed), "seed \(seed), step \(step)")
      #expect(machine.probeCount == plain.probes, "seed \(seed), step \(step)")
      #expect(machine.probeCount <= configuration.probeMaximum, "seed \(seed), step \(step)")
    }
    while !running.isEmpty { settleOne() }
    #expect(machine.probeCount == 0, "seed \(seed)")
  }

  @Test("The model sees every state: a walk that never opened would prove nothing")
  func walksFar() {
    var seen: Set<String> = []
    var random = SplitMix64(seed: 7)
    var plain = PlainBreaker(Self.configurations[0])
    var now = Duration.zero
    for step in 0..<600 {
      if let permit = plain.admit(at: now) {
        plain.settle(permit, as: step / 50 % 2 == 0 ? .failed : .succeeded, isSlow: false, at: now)
      }
      now += .milliseconds(Int.random(in: 0...700, using: &random))
      seen.insert(String("\(plain.state(at: now))".prefix(4)))
    }
    #expect(seen == ["clos", "open", "half"])
  }
}
