import Testing
import TomboloResilience

@Suite("ConcurrencyGate", .timeLimit(.minutes(5)))
struct ConcurrencyGateTests {
  @Test("Who waits enters by priority, and within one in the order of arrival")
  func order() {
    var machine = ConcurrencyGateMachine(limit: 1, queueMaximum: 10)
    #expect(machine.arrive(.normal) == .admitted)
    for priority in [CallPriority.normal, .low, .critical, .normal] { _ = machine.arrive(priority) }
    var entered: [UInt64] = []
    for _ in 0..<4 { entered += machine.depart() }
    #expect(entered == [3, 1, 4, 2])
    _ = machine.depart()
    #expect(machine.insideCount == 0)
  }

  @Test("At a full queue only a higher priority takes a place: that of the newest of the lowest")
  func eviction() {
    var machine = ConcurrencyGateMachine(limit: 1, queueMaximum: 2)
    let answers = [CallPriority.normal, .low, .low, .low, .normal].map { machine.arrive($0) }
    #expect(
      answers == [
        .admitted, .queued(ticket: 1, evicted: nil), .queued(ticket: 2, evicted: nil), .refused,
        .queued(ticket: 3, evicted: 2),
      ])
  }

  @Test(
    "Against a plain model: never too many inside, no place lost, none left over", arguments: 0..<20 as Range<UInt64>)
  func model(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let queueMaximum = Int.random(in: 0...5, using: &random)
    var limit = Int.random(in: 1...4, using: &random)
    var machine = ConcurrencyGateMachine(limit: limit, queueMaximum: queueMaximum)
    var inside = 0
    var highest = limit
    var waiting: [(ticket: UInt64, priority: CallPriority)] = []
    func enter(_ tickets: [UInt64]) {
      for ticket in tickets {
        let best = waiting.map(\.priority).max()
        let expected = waiting.first { $0.priority == best }?.ticket
        #expect(ticket == expected, "seed \(seed)")
        waiting.removeAll { $0.ticket == ticket }
        inside += 1
      }
    }
    for _ in 0..<2_000 {
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<5:
        let priority = CallPriority.allCases.randomElement(using: &random) ?? .normal
        switch machine.arrive(priority) {
        case .admitted:
          inside += 1
          #expect(waiting.isEmpty, "seed \(seed)")
        case .refused: #expect(waiting.count >= queueMaximum, "seed \(seed)")
        case .queued(let ticket, let evicted):
          if let evicted { waiting.removeAll { $0.ticket == evicted } }
          waiting.append((ticket, priority))
        }
      case 5..<8 where inside > 0:
        inside -= 1
        enter(machine.depart())
      case 8:
        if let left = waiting.randomElement(using: &random) {
          let wasWaiting = machine.leaveQueue(left.ticket)
          #expect(wasWaiting, "seed \(seed)")
          waiting.removeAll { $0.ticket == left.ticket }
        }
      default:
        limit = Int.random(in: 1...4, using: &random)
        enter(machine.changeLimit(to: limit))
      }
      highest = max(limit, min(highest, inside))
      #expect(machine.insideCount == inside && machine.waitingCount == waiting.count, "seed \(seed)")
      #expect(inside <= highest && waiting.count <= queueMaximum, "seed \(seed)")
      #expect(waiting.isEmpty || inside >= limit, "seed \(seed)")
    }
    while inside > 0 {
      inside -= 1
      enter(machine.depart())
    }
    #expect(machine.insideCount == 0 && machine.waitingCount == 0, "seed \(seed)")
  }

  @Test("Under many tasks, cancelled at any moment, the limit holds and every place comes back")
  func concurrent() async throws {
    let test = TestEnvironment()
    let pipeline = try ResiliencePipeline("p", environment: test.environment) {
      Bulkhead("p", limit: 3, queueMaximum: 40)
    }
    let gate = try #require(test.states.existing("bulkhead", "p", as: ConcurrencyGate.self))
    let inside = Tally()
    await withTaskGroup(of: Void.self) { group in
      for index in 0..<2_000 {
        group.addTask {
          let call = Task {
            try await pipeline.run(priority: CallPriority(rawValue: index % 5) ?? .normal) { _ in
              #expect(inside.add() <= 3)
              defer { inside.add(-1) }
              await Task.yield()
              if index % 3 == 0 { throw Flaky() }
            }
          }
          if index % 4 == 0 { call.cancel() }
          if index % 4 == 1 {
            await Task.yield()
            call.cancel()
          }
          _ = await call.result
        }
      }
    }
    #expect(gate.insideCount == 0)
    #expect(gate.waitingCount == 0)
  }

  @Test("A full bulkhead refuses, says so, and one who is cancelled while waiting leaves at once")
  func refusal() async throws {
    let test = TestEnvironment()
    let pipeline = try ResiliencePipeline("p", environment: test.environment) {
      Bulkhead("db", limit: 1, queueMaximum: 1)
    }
    let gate = try #require(test.states.existing("bulkhead", "db", as: ConcurrencyGate.self))
    let clock = test.clock
    let holder = Task { try await pipeline.run { _ in try await clock.sleep(for: .seconds(60)) } }
    await clock.sleepers(1)
    let waiter = Task { try await pipeline.run { _ in Issue.record("entered") } }
    while gate.waitingCount == 0 { await Task.yield() }
    let error = await #expect(throws: ResilienceError.self) { try await pipeline.run { _ in } }
    #expect(error?.message == "db is not called: all 1 places of its bulkhead and its queue are taken")
    waiter.cancel()
    await #expect(throws: CancellationError.self) { try await waiter.value }
    #expect(gate.waitingCount == 0)
    holder.cancel()
    _ = await holder.result
    #expect(gate.insideCount == 0)
  }
}
