import Testing
import TomboloResilience

/// A gate as one would explain it: a list of those who wait, searched from the beginning each time.
private struct PlainGate {
  var limit: Int
  let queueMaximum: Int
  var inside = 0
  var waiting: [(ticket: UInt64, priority: CallPriority)] = []

  mutating func evict(for priority: CallPriority) -> UInt64? {
    guard let lowest = waiting.map(\.priority).min(), lowest < priority,
      let place = waiting.lastIndex(where: { $0.priority == lowest })
    else { return nil }
    return waiting.remove(at: place).ticket
  }

  mutating func letIn() -> [UInt64] {
    var entered: [UInt64] = []
    while inside < limit, let highest = waiting.map(\.priority).max(),
      let place = waiting.firstIndex(where: { $0.priority == highest })
    {
      entered.append(waiting.remove(at: place).ticket)
      inside += 1
    }
    return entered
  }
}

@Suite("ConcurrencyGate against a plain model")
struct ConcurrencyGateModelTests {
  @Test("Arrivals, departures, desertions and new limits end as in the model", arguments: UInt64(1)...100)
  func model(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let queueMaximum = Int.random(in: 0...6, using: &random)
    var plain = PlainGate(limit: Int.random(in: 1...4, using: &random), queueMaximum: queueMaximum)
    var machine = ConcurrencyGateMachine(limit: plain.limit, queueMaximum: queueMaximum)
    var departed: [UInt64] = []
    for step in 0..<500 {
      let place: Comment = "seed \(seed), step \(step)"
      switch Int.random(in: 0..<20, using: &random) {
      case 0..<8:
        let priority = CallPriority.allCases.randomElement(using: &random) ?? .normal
        switch machine.arrive(priority) {
        case .admitted:
          #expect(plain.inside < plain.limit, place)
          plain.inside += 1
        case .refused:
          #expect(plain.inside >= plain.limit && plain.waiting.count == queueMaximum, place)
          #expect(plain.waiting.allSatisfy { $0.priority >= priority }, place)
        case .queued(let ticket, let evicted):
          #expect(plain.inside >= plain.limit, place)
          let expected = plain.waiting.count == queueMaximum ? plain.evict(for: priority) : nil
          #expect(evicted == expected, place)
          plain.waiting.append((ticket, priority))
        }
      case 8..<10:
        let hasRoom = plain.inside < plain.limit
        let isInside = machine.enterAtOnce()
        #expect(isInside == hasRoom, place)
        if hasRoom { plain.inside += 1 }
      case 10..<14 where plain.inside > 0:
        plain.inside -= 1
        expectSame(machine.depart(), plain.letIn(), place)
      case 14..<16 where plain.inside > 0:
        let isQuiet = plain.waiting.isEmpty
        let isGone = machine.departAtOnce()
        #expect(isGone == isQuiet, place)
        if isQuiet { plain.inside -= 1 }
      case 16..<19:
        guard let ticket = plain.waiting.randomElement(using: &random)?.ticket else { break }
        plain.waiting.removeAll { $0.ticket == ticket }
        departed.append(ticket)
        let hasLeft = machine.leaveQueue(ticket)
        #expect(hasLeft, place)
        let hasLeftTwice = machine.leaveQueue(departed.randomElement(using: &random) ?? ticket)
        #expect(!hasLeftTwice, place)
      case 19:
        plain.limit = Int.random(in: 1...4, using: &random)
        expectSame(machine.changeLimit(to: plain.limit), plain.letIn(), place)
      default: break
      }
      #expect(machine.insideCount == plain.inside && machine.waitingCount == plain.waiting.count, place)
      #expect(machine.waitingCount <= queueMaximum, place)
    }
    while plain.inside > 0 {
      plain.inside -= 1
      expectSame(machine.depart(), plain.letIn(), "seed \(seed)")
    }
    #expect(machine.insideCount == 0 && machine.waitingCount == 0, "seed \(seed)")
  }

  private func expectSame(_ entered: [UInt64], _ expected: [UInt64], _ place: Comment) {
    #expect(entered == expected, place)
  }
}
