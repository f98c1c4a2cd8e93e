import Testing
import TomboloResilience

@Suite("CircuitBreakerMachine")
struct CircuitBreakerMachineTests {
  typealias Machine = CircuitBreakerMachine

  enum Step: Sendable {
    /// A whole call at this second, with its outcome.
    case call(Int, Machine.Outcome)
    case refused(Int, CircuitBreakerState)
    case isolate
    case close
    case state(Int, CircuitBreakerState)
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var configuration: CircuitBreakerConfiguration
    var steps: [Step]
  }

  static func configuration(
    ratio: Double = 0.5, minimum: Int = 4, window: CircuitBreakerConfiguration.Window = .count(4), successes: Int = 1
  ) -> CircuitBreakerConfiguration {
    CircuitBreakerConfiguration(
      failureRatio: ratio, callCountMinimum: minimum, window: window, openDuration: .seconds(30), probeMaximum: 1,
      successThreshold: successes)
  }

  static let opened: [Step] = [.call(0, .failed), .call(0, .failed), .call(0, .failed), .call(0, .failed)]

  static let cases: [Case] = [
    Case(
      testDescription: "below the minimum of calls nothing opens it", configuration: configuration(),
      steps: [.call(0, .failed), .call(0, .failed), .call(0, .failed), .state(0, .closed)]),
    Case(
      testDescription: "at the ratio it opens", configuration: configuration(),
      steps: [
        .call(0, .succeeded), .call(0, .failed), .call(0, .succeeded), .state(0, .closed), .call(0, .failed),
        .refused(1, .open(remaining: .seconds(29))),
      ]),
    Case(
      testDescription: "below the ratio it stays closed", configuration: configuration(ratio: 0.75),
      steps: [
        .call(0, .succeeded), .call(0, .failed), .call(0, .succeeded), .call(0, .failed), .state(0, .closed),
      ]),
    Case(
      testDescription: "a count window forgets the oldest call", configuration: configuration(ratio: 0.75),
      steps: [
        .call(0, .failed), .call(0, .succeeded), .call(0, .succeeded), .call(0, .failed), .call(0, .failed),
        .state(0, .closed), .call(0, .failed), .state(0, .open(remaining: .seconds(30))),
      ]),
    Case(
      testDescription: "a time window forgets what is older than its span",
      configuration: configuration(window: .time(.seconds(10))),
      steps: [
        .call(0, .failed), .call(0, .failed), .call(9, .failed), .call(10, .failed), .state(10, .closed),
        .call(11, .failed), .call(11, .failed), .state(11, .open(remaining: .seconds(30))),
      ]),
    Case(
      testDescription: "a time window keeps what is younger than nine tenths of its span",
      configuration: configuration(window: .time(.seconds(10))),
      steps: [
        .call(0, .failed), .call(9, .failed), .call(9, .failed), .call(9, .failed),
        .state(9, .open(remaining: .seconds(30))),
      ]),
    Case(
      testDescription: "after a long silence a time window is empty",
      configuration: configuration(window: .time(.seconds(10))),
      steps: [
        .call(0, .failed), .call(0, .failed), .call(0, .failed), .call(1_000_000, .failed), .state(1_000_000, .closed),
      ]),
    Case(
      testDescription: "ignored calls do not count", configuration: configuration(),
      steps: [
        .call(0, .ignored), .call(0, .failed), .call(0, .failed), .call(0, .failed), .call(0, .ignored),
        .state(0, .closed),
      ]),
    Case(
      testDescription: "once its time is over it probes, and a success closes it", configuration: configuration(),
      steps: opened + [.state(30, .halfOpen), .call(30, .succeeded), .state(30, .closed), .call(30, .failed)]
        + [.state(30, .closed)]),
    Case(
      testDescription: "a failed probe opens it again for the whole time", configuration: configuration(),
      steps: opened + [.call(31, .failed), .refused(60, .open(remaining: .seconds(1))), .call(61, .succeeded)]),
    Case(
      testDescription: "an ignored probe decides nothing", configuration: configuration(),
      steps: opened + [.call(30, .ignored), .state(30, .halfOpen), .call(30, .succeeded), .state(30, .closed)]),
    Case(
      testDescription: "it takes as many successes as the threshold", configuration: configuration(successes: 2),
      steps: opened + [.call(30, .succeeded), .state(30, .halfOpen), .call(30, .succeeded), .state(30, .closed)]),
    Case(
      testDescription: "isolated, it stays so until it is closed by hand", configuration: configuration(),
      steps: [
        .isolate, .refused(0, .isolated), .refused(1_000, .isolated), .close, .call(1_000, .succeeded),
        .state(1_000, .closed),
      ]),
    Case(
      testDescription: "closed by hand, it has forgotten the failures", configuration: configuration(),
      steps: opened + [.close, .call(1, .failed), .state(1, .closed)]),
    Case(
      testDescription: "with a ratio of nothing it opens at the first failure, not at a success",
      configuration: configuration(ratio: 0, minimum: 1),
      steps: [.call(0, .succeeded), .state(0, .closed), .call(0, .failed), .state(0, .open(remaining: .seconds(30)))]),
  ]

  @Test("Every sequence of calls leads to the state of the table", arguments: cases)
  func table(_ example: Case) throws {
    var machine = Machine(example.configuration)
    for (index, step) in example.steps.enumerated() {
      switch step {
      case .call(let second, let outcome):
        guard case .admitted(let permit) = machine.admit(at: .seconds(second)) else {
          Issue.record("step \(index) was refused")
          return
        }
        machine.settle(permit, as: outcome, at: .seconds(second))
      case .refused(let second, let state):
        #expect(machine.admit(at: .seconds(second)) == .refused(state), "step \(index)")
      case .isolate: machine.isolate()
      case .close: machine.close()
      case .state(let second, let state):
        #expect(machine.state(at: .seconds(second)) == state, "step \(index)")
      }
    }
    #expect(machine.probeCount == 0)
  }

  @Test("A call that began before the outage neither opens nor closes what came after")
  func lateResults() throws {
    var machine = Machine(Self.configuration(minimum: 1))
    guard case .admitted(let slowFailure) = machine.admit(at: .zero),
      case .admitted(let slowSuccess) = machine.admit(at: .zero), case .admitted(let quick) = machine.admit(at: .zero)
    else {
      Issue.record("a closed breaker refused")
      return
    }
    machine.settle(quick, as: .failed, at: .zero)
    guard case .admitted(let probe) = machine.admit(at: .seconds(30)) else {
      Issue.record("no probe was admitted")
      return
    }
    machine.settle(slowSuccess, as: .succeeded, at: .seconds(31))
    #expect(machine.state(at: .seconds(31)) == .halfOpen)
    machine.settle(probe, as: .succeeded, at: .seconds(32))
    machine.settle(slowFailure, as: .failed, at: .seconds(33))
    #expect(machine.state(at: .seconds(33)) == .closed)
  }

  @Test("A probe that outlives its period keeps its permit, and its late result is not counted")
  func lateProbe() throws {
    var machine = Machine(Self.configuration(minimum: 1))
    machine.isolate()
    machine.close()
    guard case .admitted(let first) = machine.admit(at: .zero) else {
      Issue.record("a closed breaker refused")
      return
    }
    machine.settle(first, as: .failed, at: .zero)
    guard case .admitted(let probe) = machine.admit(at: .seconds(30)) else {
      Issue.record("no probe was admitted")
      return
    }
    machine.close()
    #expect(machine.probeCount == 1)
    machine.settle(probe, as: .failed, at: .seconds(31))
    #expect(machine.probeCount == 0)
    #expect(machine.state(at: .seconds(31)) == .closed)
  }

  @Test(
    "Whatever happens, probes never exceed their limit and their number returns to zero", arguments: UInt64(1)...200)
  func model(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let limit = Int.random(in: 1...4, using: &random)
    var machine = Machine(
      CircuitBreakerConfiguration(
        failureRatio: Double.random(in: 0...1, using: &random), callCountMinimum: Int.random(in: 1...5, using: &random),
        window: Bool.random(using: &random) ? .count(Int.random(in: 1...8, using: &random)) : .time(.seconds(5)),
        openDuration: .seconds(3), probeMaximum: limit, successThreshold: Int.random(in: 1...3, using: &random)))
    var now = Duration.zero
    var closedCalls: [Machine.Permit] = []
    var probes: [Machine.Permit] = []
    for _ in 0..<500 {
      switch Int.random(in: 0..<20, using: &random) {
      case 0..<8:
        let before = machine.state(at: now)
        switch machine.admit(at: now) {
        case .admitted(let permit):
          if before == .halfOpen {
            probes.append(permit)
          } else {
            #expect(before == .closed, "seed \(seed): admitted while \(before)")
            closedCalls.append(permit)
          }
        case .refused(let state):
          #expect(state == before && state != .closed, "seed \(seed)")
          if state == .halfOpen { #expect(probes.count == limit, "seed \(seed): refused with a probe to spare") }
        }
      case 8..<16:
        let outcome = Machine.Outcome.allCases.randomElement(using: &random) ?? .ignored
        if !probes.isEmpty, Bool.random(using: &random) {
          machine.settle(
            probes.remove(at: Int.random(in: probes.indices, using: &random)), as: outcome, at: now)
        } else if !closedCalls.isEmpty {
          machine.settle(
            closedCalls.remove(at: Int.random(in: closedCalls.indices, using: &random)), as: outcome, at: now)
        }
      case 16..<18: now += .milliseconds(Int.random(in: 0...4_000, using: &random))
      case 18: machine.isolate()
      default: machine.close()
      }
      #expect(machine.probeCount == probes.count && probes.count <= limit, "seed \(seed)")
    }
    for permit in probes + closedCalls { machine.settle(permit, as: .ignored, at: now) }
    #expect(machine.probeCount == 0, "seed \(seed)")
  }
}
