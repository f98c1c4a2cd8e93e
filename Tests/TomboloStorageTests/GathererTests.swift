import Dispatch
import Synchronization
import Testing
import TomboloPorts

@testable import TomboloStorage

@Suite("Gatherer", .timeLimit(.minutes(10)))
struct GathererTests {
  private struct Refusal: Error {}

  /// Notes the groups, and stops in the first one until the barrier opens.
  private final class Recorder: Sendable {
    let barrier = Barrier()
    private let noted = Mutex<[[Int]]>([])
    var groups: [[Int]] { noted.withLock { $0 } }

    func process(_ group: [Int]) async {
      let isFirst = noted.withLock { groups in
        groups.append(group)
        return groups.count == 1
      }
      if isFirst { await barrier.pass() }
    }
  }

  /// The answer of one that comes late.
  private final class Late: Sendable {
    let result = Mutex<Result<Int, any Error>?>(nil)
    var isAnswered: Bool { result.withLock { $0 != nil } }
  }

  /// Has 0 lead, and 1... wait in that order, each known to wait before the next comes.
  private func submit(
    _ count: Int, to gatherer: NumberGatherer, _ recorder: Recorder
  ) async -> [Result<Int, any Error>] {
    await withTaskGroup(of: (Int, Result<Int, any Error>).self) { group in
      group.addTask { (0, await Self.result { try await gatherer.submit(0) }) }
      await recorder.barrier.waitForArrivals()
      for number in 1..<count {
        group.addTask { (number, await Self.result { try await gatherer.submit(number) }) }
        while gatherer.waitingCount < number { await Task.yield() }
      }
      recorder.barrier.open()
      var results: [Int: Result<Int, any Error>] = [:]
      for await (number, result) in group { results[number] = result }
      return results.sorted { $0.key < $1.key }.map(\.value)
    }
  }

  /// Has 0 lead, and 1... up to `last` wait in that order: 1 leads next, and 2, on `executor`, is woken first of those that follow.
  private static func gather(
    _ last: Int, with executor: HeldExecutor, in group: inout ThrowingTaskGroup<Int, any Error>,
    _ gatherer: NumberGatherer, _ recorder: Recorder
  ) async {
    group.addTask { try await gatherer.submit(0) }
    await recorder.barrier.waitForArrivals()
    for number in 1...last {
      group.addTask(executorPreference: number == 2 ? executor : nil) { try await gatherer.submit(number) }
      while gatherer.waitingCount < number { await Task.yield() }
    }
    // 2 waits already, and its job has ended, too: one that is woken before that goes on without its executor.
    while executor.isBusy { await Task.yield() }
  }

  private static func result(_ body: () async throws -> Int) async -> Result<Int, any Error> {
    do { return .success(try await body()) } catch { return .failure(error) }
  }

  @Test("What comes in while a group is under way is the next group, in order, and each gets its own answer")
  func groups() async throws {
    let recorder = Recorder()
    let gatherer = NumberGatherer(countMaximum: 100) { group in
      await recorder.process(group)
      return group.map { .success($0 * 10) }
    }
    let results = await submit(6, to: gatherer, recorder)
    #expect(recorder.groups == [[0], [1, 2, 3, 4, 5]])
    #expect(try results.map { try $0.get() } == [0, 10, 20, 30, 40, 50])
  }

  @Test("A group keeps to the limits on count and weight, and one request alone may exceed the weight")
  func limits() async throws {
    let recorder = Recorder()
    let gatherer = NumberGatherer(countMaximum: 3, weightMaximum: 6) { group in
      await recorder.process(group)
      return group.map { .success($0) }
    }
    let results = await submit(9, to: gatherer, recorder)
    #expect(recorder.groups == [[0], [1, 2, 3], [4], [5], [6], [7], [8]])
    #expect(results.count == 9)
  }

  @Test("An error that a group throws is everybody's answer, and the next group goes on")
  func errors() async throws {
    let recorder = Recorder()
    let gatherer = NumberGatherer(countMaximum: 2) { group in
      await recorder.process(group)
      if group.contains(2) { throw Refusal() }
      return group.map { .success($0) }
    }
    let results = await submit(5, to: gatherer, recorder)
    #expect(recorder.groups == [[0], [1, 2], [3, 4]])
    for (number, result) in results.enumerated() {
      if number == 1 || number == 2 {
        #expect(throws: Refusal.self) { try result.get() }
      } else {
        #expect(try result.get() == number)
      }
    }
  }

  @Test("A refusal of one request is its answer alone")
  func refusalOfOne() async throws {
    let gatherer = NumberGatherer(countMaximum: 9) { group in
      group.map { $0 == 7 ? .failure(Refusal()) : .success($0) }
    }
    await #expect(throws: Refusal.self) { try await gatherer.submit(7) }
    #expect(try await gatherer.submit(8) == 8)
  }

  @Test("Cancelling the leader fails nobody, and its own request is done as well")
  func cancelledLeader() async throws {
    let recorder = Recorder()
    let gatherer = NumberGatherer(countMaximum: 9) { group in
      await recorder.process(group)
      try Task.checkCancellation()
      return group.map { .success($0) }
    }
    try await withThrowingTaskGroup(of: Int.self) { group in
      group.addTask { try await gatherer.submit(0) }
      await recorder.barrier.waitForArrivals()
      group.cancelAll()
      recorder.barrier.open()
      let answer = try await group.next()
      #expect(answer == 0)
    }
    #expect(recorder.groups == [[0], [0]])
    #expect(try await gatherer.submit(5) == 5)
  }

  @Test("A process that does not answer everybody is an error, not a hang")
  func missingAnswers() async {
    let gatherer = NumberGatherer(countMaximum: 9) { _ in [] }
    await #expect(throws: GathererError.self) { try await gatherer.submit(1) }
  }

  @Test("One of a group whose own executor stands still holds up nobody else's answer")
  func standingStill() async throws {
    let recorder = Recorder()
    let executor = HeldExecutor()
    let gatherer = NumberGatherer(countMaximum: 100) { group in
      await recorder.process(group)
      return group.map { .success($0) }
    }
    try await withThrowingTaskGroup(of: Int.self) { group in
      await Self.gather(9, with: executor, in: &group, gatherer, recorder)
      executor.hold()
      recorder.barrier.open()
      var answered: Set<Int> = []
      while answered.count < 9, let number = try await group.next() { answered.insert(number) }
      #expect(answered == [0, 1, 3, 4, 5, 6, 7, 8, 9])
      executor.release()
      #expect(try await group.next() == 2)
    }
    #expect(recorder.groups == [[0], [1, 2, 3, 4, 5, 6, 7, 8, 9]])
  }

  @Test("Nobody leads before all of the last group are woken, unless half a group waits already", arguments: [3, 9])
  func awake(count: Int) async throws {
    let recorder = Recorder()
    let (early, other) = (HeldExecutor(), HeldExecutor())
    let gatherer = NumberGatherer(countMaximum: 100) { group in
      await recorder.process(group)
      return group.map { .success($0) }
    }
    try await withThrowingTaskGroup(of: Int.self) { group in
      await Self.gather(count, with: early, in: &group, gatherer, recorder)
      // Called where 2 is woken, with others still to be: whoever comes now has to wait.
      let late = Late()
      early.watch {
        Task(executorPreference: other) {
          let result = await Self.result { try await gatherer.submit(10) }
          late.result.withLock { $0 = result }
        }
        let began = ContinuousClock.now
        while gatherer.waitingCount == 0, !late.isAnswered, began.duration(to: .now) < .seconds(60) {}
        #expect(gatherer.waitingCount == 1 && !late.isAnswered)
      }
      recorder.barrier.open()
      for try await number in group { #expect((0...count).contains(number)) }
      while !late.isAnswered { await Task.yield() }
      #expect(try late.result.withLock { $0 }?.get() == 10)
    }
    #expect(recorder.groups == [[0], Array(1...count), [10]])
  }

  @Test("One group at a time, however often it begins and ends", arguments: [1, 64])
  func oneAtATime(countMaximum: Int) async throws {
    let present = Mutex(0)
    let most = Mutex(0)
    let gatherer = NumberGatherer(countMaximum: countMaximum) { group in
      let count = present.withLock { count in
        count += 1
        return count
      }
      most.withLock { $0 = max($0, count) }
      if group.count % 2 == 0 { await Task.yield() }
      present.withLock { $0 -= 1 }
      return group.map { .success($0) }
    }
    try await withThrowingDiscardingTaskGroup { group in
      for _ in 0..<8 {
        group.addTask {
          for number in 0..<20_000 {
            guard try await gatherer.submit(number) == number else { throw Refusal() }
          }
        }
      }
    }
    #expect(most.withLock { $0 } == 1)
    #expect(gatherer.waitingCount == 0)
  }

  @Test("The next leader goes first where half a group waits already, of more callers than share a flush well")
  func whoGoesFirst() {
    #expect(Gatherer.goesFirst(waitingCount: 32, afterGroupOf: 64))
    #expect(!Gatherer.goesFirst(waitingCount: 31, afterGroupOf: 64))
    #expect(Gatherer.goesFirst(waitingCount: 33, afterGroupOf: 32))
    // These 64 would take turns for ever, with two flushes where one would do.
    #expect(!Gatherer.goesFirst(waitingCount: 32, afterGroupOf: 32))
    #expect(!Gatherer.goesFirst(waitingCount: 1, afterGroupOf: 1))
  }

  @Test("More are expected while they come back, and never those who do not")
  func whoIsExpected() {
    #expect(Gatherer.expectsMore(waitingCount: 1, before: 0, afterGroupOf: 64))
    #expect(Gatherer.expectsMore(waitingCount: 62, before: 1, afterGroupOf: 64))
    // All are there, or nobody came meanwhile.
    #expect(!Gatherer.expectsMore(waitingCount: 63, before: 1, afterGroupOf: 64))
    #expect(!Gatherer.expectsMore(waitingCount: 1, before: 1, afterGroupOf: 64))
    #expect(!Gatherer.expectsMore(waitingCount: 0, before: 0, afterGroupOf: 2))
  }

  @Test("A leader gives its processor away where just one of the last group is missing")
  func whoGivesWay() {
    #expect(Gatherer.givesWay(waitingCount: 62, afterGroupOf: 64))
    // All are there, or several are missing, or nobody came at all.
    #expect(!Gatherer.givesWay(waitingCount: 63, afterGroupOf: 64))
    #expect(!Gatherer.givesWay(waitingCount: 61, afterGroupOf: 64))
    #expect(!Gatherer.givesWay(waitingCount: 0, afterGroupOf: 2))
  }

  @Test("Many callers are each answered once, in groups of bounded size", arguments: [1, 7, 64])
  func many(countMaximum: Int) async throws {
    let groups = Mutex<[Int]>([])
    let gatherer = NumberGatherer(countMaximum: countMaximum) { group in
      groups.withLock { $0.append(group.count) }
      await Task.yield()
      return group.map { .success($0) }
    }
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for number in 0..<2_000 { group.addTask { try await gatherer.submit(number) == number } }
      for try await isOwn in group { #expect(isOwn) }
    }
    let counts = groups.withLock { $0 }
    #expect(counts.reduce(0, +) == 2_000)
    #expect(counts.allSatisfy { $0 <= countMaximum })
  }
}

/// Runs jobs on a thread of its own, unless it is held.
private final class HeldExecutor: TaskExecutor {
  private let state = Mutex<(isHeld: Bool, jobs: [UnownedJob], startedCount: Int)>((false, [], 0))
  private let watcher = Mutex<(@Sendable () -> Void)?>(nil)
  private let queue = DispatchQueue(label: "held")

  /// Whether a job was started and has not ended.
  var isBusy: Bool { state.withLock { $0.startedCount > 0 } }

  func hold() { state.withLock { $0.isHeld = true } }

  func release() {
    let jobs = state.withLock { state in
      state.isHeld = false
      state.startedCount += state.jobs.count
      defer { state.jobs.removeAll() }
      return state.jobs
    }
    for job in jobs { start(job) }
  }

  /// Has `body` called when the next job comes, on the thread that brings it.
  func watch(_ body: @escaping @Sendable () -> Void) { watcher.withLock { $0 = body } }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    watcher.withLock { $0.take() }?()
    let isHeld = state.withLock { state in
      if state.isHeld { state.jobs.append(job) } else { state.startedCount += 1 }
      return state.isHeld
    }
    if !isHeld { start(job) }
  }

  private func start(_ job: UnownedJob) {
    queue.async {
      job.runSynchronously(on: self.asUnownedTaskExecutor())
      self.state.withLock { $0.startedCount -= 1 }
    }
  }
}

/// A gatherer of numbers, each of which weighs what it is.
private struct NumberGatherer {
  private final class Request: GatheredRequest, @unchecked Sendable {
    let number: Int
    var seat = GathererSeat()
    var weight: Int { number }
    let answer = Mutex<Result<Int, any Error>?>(nil)

    init(_ number: Int) { self.number = number }

    func fail(_ error: any Error) { answer.withLock { $0 = .failure(error) } }
  }

  private let gatherer: Gatherer
  var waitingCount: Int { gatherer.waitingCount }

  init(
    countMaximum: Int, weightMaximum: Int = .max,
    process: @escaping @Sendable ([Int]) async throws -> [Result<Int, any Error>]
  ) {
    gatherer = Gatherer(countMaximum: countMaximum, weightMaximum: weightMaximum) { group in
      let requests = group.compactMap { $0 as? Request }
      for (request, result) in zip(requests, try await process(requests.map(\.number))) {
        request.answer.withLock { $0 = result }
      }
    }
  }

  func submit(_ number: Int) async throws -> Int {
    let request = Request(number)
    await gatherer.submit(request)
    guard let result = request.answer.withLock({ $0 }) else { throw GathererError() }
    return try result.get()
  }
}
