import Testing
import TomboloPorts

@testable import TomboloQueue

@Suite("DeliveryGate")
struct DeliveryGateTests {
  private static let failure = DeliveryFailure(.unauthorized, "401")

  private static func gate(concurrency: Int = 16) -> DeliveryGate {
    var configuration = QueueConfiguration()
    configuration.concurrency = concurrency
    configuration.pilotInterval = .seconds(30)
    configuration.pilotIntervalMaximum = .seconds(100)
    return DeliveryGate(configuration)
  }

  private static func status(_ condition: NetworkStatus.Condition, isForced: Bool = false) -> NetworkStatus {
    let at = Timestamp(millisecondsSinceEpoch: 0)
    let source = isForced ? NetworkEvidence.overrideSource : "probe"
    return NetworkStatus(
      condition, since: at, evidence: [NetworkEvidence(source: source, condition: condition, detail: "so", at: at)])
  }

  @Test(
    "The ramp opens with successes, and critical operations do not wait for it",
    arguments: [
      (successes: 0, normal: 1), (1, 2), (3, 4), (7, 8), (14, 15), (15, 16), (99, 16),
    ])
  func ramp(successes: Int, normal: Int) {
    var gate = Self.gate()
    for _ in 0..<successes { gate.succeeded(upstream: "u") }
    let allowance = gate.allowance(upstream: "u", inFlight: 0, at: .zero)
    #expect(allowance == DeliveryGate.Allowance(count: normal, criticalCount: 16))
    #expect(gate.allowance(upstream: "u", inFlight: 16, at: .zero).count == 0)
    #expect(gate.allowance(upstream: "u", inFlight: 16, at: .zero).criticalCount == 0)
  }

  @Test("The ramp begins again after an outage, and not because the status was told again")
  func rampAgain() {
    var gate = Self.gate()
    for _ in 0..<99 { gate.succeeded(upstream: "u") }
    gate.networkChanged(Self.status(.online), at: .zero, fraction: 0)
    #expect(gate.limit(of: "u") == 16)
    gate.networkChanged(Self.status(.offline), at: .zero, fraction: 0)
    gate.networkChanged(Self.status(.online), at: .zero, fraction: 0)
    #expect(gate.limit(of: "u") == 1)
  }

  @Test("Pilots keep their pace, doubled up to the maximum, whatever the network says in between")
  func pilots() {
    var gate = Self.gate()
    gate.networkChanged(Self.status(.limited), at: .zero, fraction: 0)
    var starts: [Int] = []
    for second in 0..<400 {
      if second % 7 == 0 {
        gate.networkChanged(Self.status(second % 2 == 0 ? .offline : .portal), at: .seconds(second), fraction: 0)
      }
      let allowance = gate.allowance(upstream: "u", inFlight: 0, at: .seconds(second))
      #expect(allowance.criticalCount == 0)
      guard allowance.count > 0 else {
        #expect(allowance.waitMaximum != nil)
        continue
      }
      #expect(allowance.isPilot && allowance.count == 1)
      #expect(gate.allowance(upstream: "u", inFlight: 1, at: .seconds(second)).count == 0)
      gate.pilotStarted(at: .seconds(second))
      starts.append(second)
    }
    #expect(starts == [30, 60, 120, 220, 320])
  }

  @Test("Against a person's decision nothing is tried, and nothing asks to be woken")
  func shut() {
    var gate = Self.gate()
    gate.networkChanged(Self.status(.offline, isForced: true), at: .zero, fraction: 0)
    #expect(gate.allowance(upstream: "u", inFlight: 0, at: .seconds(9_999)) == .init(count: 0, criticalCount: 0))
    gate.networkChanged(Self.status(.offline), at: .seconds(10_000), fraction: 0)
    #expect(gate.allowance(upstream: "u", inFlight: 0, at: .seconds(10_030)).isPilot)
  }

  @Test("A suspension ends with one probe at a time, given back on every path")
  func suspension() {
    var gate = Self.gate()
    gate.suspend(upstream: "a", for: .seconds(60), Self.failure, at: .zero)
    #expect(gate.admit(upstream: "a", at: .seconds(20)) == .refused(rest: .seconds(40), Self.failure))
    #expect(gate.admit(upstream: "b", at: .seconds(20)) == .free)
    #expect(gate.allowance(upstream: "a", inFlight: 0, at: .seconds(20)).waitMaximum == .seconds(40))
    #expect(gate.allowance(upstream: "a", inFlight: 0, at: .seconds(60)).count == 1)
    #expect(gate.admit(upstream: "a", at: .seconds(60)) == .probe)
    #expect(gate.admit(upstream: "a", at: .seconds(60)) == .refused(rest: DeliveryGate.probeRest, Self.failure))
    gate.probeEnded(upstream: "a")
    #expect(gate.admit(upstream: "a", at: .seconds(60)) == .probe)
    gate.answered(upstream: "a")
    gate.probeEnded(upstream: "a")
    #expect(gate.admit(upstream: "a", at: .seconds(60)) == .free)
  }

  @Test("A shorter suspension does not shorten a longer one")
  func longerStands() {
    var gate = Self.gate()
    gate.suspend(upstream: "a", for: .seconds(60), Self.failure, at: .zero)
    gate.suspend(upstream: "a", for: .milliseconds(100), Self.failure, at: .seconds(1))
    #expect(gate.suspension(of: "a", at: .seconds(2))?.rest == .seconds(58))
  }

  @Test("An answer to what was under way does not end a suspension; a success does")
  func lateAnswer() {
    var gate = Self.gate()
    gate.suspend(upstream: "a", for: .seconds(60), Self.failure, at: .zero)
    gate.answered(upstream: "a")
    #expect(gate.suspension(of: "a", at: .seconds(1)) != nil)
    gate.succeeded(upstream: "a")
    #expect(gate.suspension(of: "a", at: .seconds(1)) == nil)
  }
}
