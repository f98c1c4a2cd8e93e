import Testing
import TomboloResilience

@Suite("SingleFlight", .timeLimit(.minutes(5)))
struct SingleFlightTests {
  let clock = ManualClock()
  let flights = SingleFlight<String, Int>()

  func join(_ calls: Tally, ended: Tally = Tally()) -> Task<Int, any Error> {
    Task { [clock, flights] in
      try await flights.run("key") {
        calls.add()
        defer { ended.add() }
        try await clock.sleep(for: .seconds(1))
        return 42
      }
    }
  }

  func joined(_ count: Int) async {
    while flights.joinedCount("key") != count { await Task.yield() }
    await clock.sleepers(1)
  }

  @Test("Callers of one key at one time share one call; a later one makes its own")
  func shares() async throws {
    let calls = Tally()
    for round in 1...2 {
      let tasks = (0..<10).map { _ in join(calls) }
      await joined(10)
      clock.advance(by: .seconds(1))
      for task in tasks { #expect(try await task.value == 42) }
      #expect(calls.value == round)
      #expect(flights.joinedCount("key") == 0)
    }
  }

  @Test("A cancelled caller leaves alone; the last one that leaves cancels the call")
  func leaving() async throws {
    let calls = Tally()
    let ended = Tally()
    let first = join(calls, ended: ended)
    await joined(1)
    let second = join(calls, ended: ended)
    await joined(2)
    first.cancel()
    await #expect(throws: CancellationError.self) { try await first.value }
    #expect(ended.value == 0)
    second.cancel()
    await #expect(throws: CancellationError.self) { try await second.value }
    await clock.sleepers(0)
    #expect(calls.value == 1)
  }

  @Test("A call that everybody left answers nobody who came after")
  func abandonedAnswersNobody() async throws {
    let (first, releaseFirst) = AsyncStream.makeStream(of: Void.self)
    let (second, releaseSecond) = AsyncStream.makeStream(of: Void.self)
    let ended = Tally()
    let leaver = Task { [flights] in
      try await flights.run("key") {
        // Cannot be cancelled: it waits in a task of its own.
        await Task { for await _ in first { break } }.value
        ended.add()
        return 1
      }
    }
    while flights.joinedCount("key") != 1 { await Task.yield() }
    leaver.cancel()
    await #expect(throws: CancellationError.self) { try await leaver.value }
    let newcomer = Task { [flights] in
      try await flights.run("key") {
        for await _ in second { break }
        return 2
      }
    }
    while flights.joinedCount("key") != 1 { await Task.yield() }
    releaseFirst.yield()
    while ended.value == 0 { await Task.yield() }
    // What it answered would have arrived meanwhile.
    for _ in 0..<200 { await Task.yield() }
    #expect(flights.joinedCount("key") == 1)
    releaseSecond.yield()
    #expect(try await newcomer.value == 2)
  }

  @Test("Everybody gets the error")
  func error() async throws {
    let tasks = (0..<5).map { index in
      Task { [clock, flights] in
        try await flights.run("key") {
          try await clock.sleep(for: .seconds(1))
          throw Flaky()
        }
      }
    }
    await joined(5)
    clock.advance(by: .seconds(1))
    for task in tasks { await #expect(throws: Flaky.self) { try await task.value } }
  }

  @Test("Callers that come and are cancelled at any moment are all answered")
  func storm() async {
    let answered = Tally()
    await withTaskGroup(of: Void.self) { group in
      for index in 0..<2_000 {
        group.addTask { [flights] in
          let task = Task {
            try await flights.run("\(index % 3)") {
              await Task.yield()
              return index
            }
          }
          if index % 2 == 0 { task.cancel() }
          _ = await task.result
          answered.add()
        }
      }
    }
    #expect(answered.value == 2_000)
    #expect((0..<3).allSatisfy { flights.joinedCount("\($0)") == 0 })
  }

  @Test("An abandoning time limit returns although the body ignores its cancellation")
  func abandons() async throws {
    let test = TestEnvironment()
    let pipeline = try ResiliencePipeline("p", environment: test.environment) { AbandoningTimeout(.seconds(1)) }
    let (stream, release) = AsyncStream.makeStream(of: Void.self)
    let late = Tally()
    let task = Task {
      try await pipeline.run { _ in
        // Cannot be cancelled: it waits in a task of its own.
        await Task { for await _ in stream { break } }.value
        late.add()
      }
    }
    await test.clock.sleepers(1)
    test.clock.advance(by: .seconds(1))
    await #expect(throws: TimeoutError.self) { try await task.value }
    #expect(late.value == 0)
    release.yield()
    while late.value == 0 { await Task.yield() }
  }
}
