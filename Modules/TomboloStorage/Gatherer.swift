private import Synchronization

/// A request on its way through a `Gatherer`; whoever processes it leaves the answer in it.
///
/// An object, because it is handed on several times: as a value, and through generic code, that costs more than what it asks for.
package protocol GatheredRequest: AnyObject, Sendable {
  /// What it takes of a group's `weightMaximum`.
  var weight: Int { get }

  /// Answers with an error. It has no answer yet.
  func fail(_ error: any Error)
}

/// Processes one group of requests at a time; what comes in meanwhile is the next group.
///
/// The first caller leads: it processes its own request on its own task, at once, so a lone caller pays nothing for the
/// others. Those who come while a group is under way wait; when it is done, the first of them leads the rest.
///
///     idle ──submit──▶ a group is under way ──done, nobody waits──▶ idle
///                        │           ▲
///                        └──done─────┘ the first waiting caller leads all that wait, up to the limits
///
/// A new leader is woken behind those whose requests were just answered, and looks who waits only when it runs. So what they ask
/// for next is in its group: with as many callers as there are in a group, each of which comes again at once, every group is
/// full. Were the new leader woken first, it would commit alone, and all others in the next group, with twice as many flushes.
/// For the same reason a caller who finds nobody lets others run before it leads, when the last group had several: once, and a few
/// times more as long as they come back.
///
/// Where more callers come and go than share a flush well, the new leader is woken first once half as many wait as the last group
/// had: there is enough for a group, and those who were just answered go on while it is under way.
///
/// It holds no buffer of its own: everything that waits is a suspended caller. A waiting caller is not let go by
/// cancellation, because its request may already be under way; the wait is bounded by the groups ahead of it.
package final class Gatherer: Sendable {
  /// Answers each request of a group; throwing is an answer for all of them.
  package typealias Process = @Sendable ([any GatheredRequest]) async throws -> Void

  /// What a waiting caller is woken for.
  private enum Turn {
    case answered
    /// Its request is answered, and it wakes those of its group, and the next leader behind them.
    case answeredFirst(others: [Waiter], next: Waiter?)
    case lead
  }

  /// A caller that waits. An object, because it is handed on several times.
  ///
  /// Safety: `turn` is written by whoever has taken it out of `waiting`, or by its own caller instead of putting it there; that one
  /// calls `wake` once, and its own caller reads `turn` when it was resumed by it. A checked continuation costs an allocation for each request.
  private final class Waiter: @unchecked Sendable {
    let request: any GatheredRequest
    /// Whether it may be who wakes the others: it has no executor of its own, on which it may come to run later than they would.
    let mayWakeOthers: Bool
    let priority: TaskPriority
    private let continuation: UnsafeContinuation<Void, Never>
    private var turn = Turn.answered

    /// Of the present task.
    init(_ request: any GatheredRequest, _ continuation: UnsafeContinuation<Void, Never>) {
      self.request = request
      self.continuation = continuation
      var (mayWakeOthers, priority) = (true, TaskPriority.medium)
      // Without a result, which generic code would hand back.
      withUnsafeCurrentTask { task in
        guard let task else { return }
        mayWakeOthers = task.unownedTaskExecutor == nil
        priority = task.priority
      }
      self.mayWakeOthers = mayWakeOthers
      self.priority = priority
    }

    func wake(for turn: Turn) {
      self.turn = turn
      continuation.resume()
    }

    /// What it was woken for. It does not keep the others.
    func takeTurn() -> Turn {
      defer { turn = .answered }
      return turn
    }
  }

  private struct State {
    var isUnderWay = false
    /// How many requests the last group had.
    var lastCount = 0
    /// In order of arrival; those before `first` were taken already.
    var waiting: [Waiter] = []
    var first = 0

    mutating func take(upTo end: Int) {
      first = end
      if first == waiting.count {
        waiting.removeAll(keepingCapacity: true)
        first = 0
      } else if first * 2 > waiting.count {
        // Those that were taken are not kept for longer, however many wait.
        waiting.removeFirst(first)
        first = 0
      }
    }
  }

  private let state = Mutex(State())
  private let countMaximum: Int
  private let weightMaximum: Int
  private let process: Process

  /// - Parameters:
  ///   - countMaximum: the most requests in one group.
  ///   - weightMaximum: the largest sum of weights in one group; a single request may exceed it.
  package init(countMaximum: Int, weightMaximum: Int = .max, process: @escaping Process) {
    self.countMaximum = max(1, countMaximum)
    self.weightMaximum = weightMaximum
    self.process = process
  }

  /// How many callers wait for a group under way to end.
  package var waitingCount: Int { state.withLock { $0.waiting.count - $0.first } }

  /// Has `request` processed, together with those of its group; it has its answer when this returns.
  package func submit(_ request: any GatheredRequest) async {
    let (leadsAtOnce, expectsCompany) = state.withLock { state in
      if state.isUnderWay { return (false, false) }
      state.isUnderWay = true
      return (true, state.lastCount > 1)
    }
    if leadsAtOnce { return await lead(request, expectsCompany: expectsCompany) }

    var own: Waiter?
    await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
      let waiter = Waiter(request, continuation)
      own = waiter
      let leads = state.withLock { state in
        if state.isUnderWay {
          state.waiting.append(waiter)
          return false
        }
        state.isUnderWay = true
        return true
      }
      if leads { waiter.wake(for: .lead) }
    }
    switch own?.takeTurn() {
    case .answered, nil: break
    case .answeredFirst(let others, let next): Self.wake(others, then: next)
    case .lead: await lead(request, expectsCompany: false)
    }
  }

  private func lead(_ request: any GatheredRequest, expectsCompany: Bool) async {
    if expectsCompany { await letCompanyCome() }
    let followers = takeFollowers(of: request)
    var group: [any GatheredRequest] = []
    group.reserveCapacity(followers.count + 1)
    group.append(request)
    for follower in followers { group.append(follower.request) }
    do {
      try await processShielded(group)
    } catch {
      for request in group { request.fail(error) }
    }
    let next = handOver()
    guard let next, Self.goesFirst(waitingCount: next.waitingCount, afterGroupOf: group.count) else {
      return wake(followers, then: next?.leader)
    }
    next.leader.wake(for: .lead)
    wake(followers, then: nil)
  }

  /// So often a leader lets others run before it leads, at most, and no more once that has taken so long: where the pool is busy with
  /// something else, each time costs a turn of everything that is ready.
  private static let yieldCountMaximum = 4
  private static let yieldTimeMaximum = Duration.microseconds(200)

  /// Lets others run, once, and again as long as it is worth it.
  private func letCompanyCome() async {
    var waitingCount = 0
    let began = ContinuousClock.now
    for _ in 0..<Self.yieldCountMaximum {
      await Task.yield()
      let (count, lastCount) = state.withLock { ($0.waiting.count - $0.first, $0.lastCount) }
      guard Self.expectsMore(waitingCount: count, before: waitingCount, afterGroupOf: lastCount),
        began.duration(to: .now) < Self.yieldTimeMaximum
      else { return }
      waitingCount = count
    }
  }

  /// Whether more came while others ran, and fewer wait than the last group had: the rest of them were woken, and run soon. Otherwise a
  /// leader that ran again before them would flush for the two or three who came first.
  static func expectsMore(waitingCount: Int, before: Int, afterGroupOf lastCount: Int) -> Bool {
    waitingCount > before && waitingCount + 1 < lastCount
  }

  /// Up to so many callers go into one group: two half groups by turns would keep more of the processors busy, and flush twice as
  /// often, which costs more.
  private static let sharingCountMaximum = 64

  /// Whether the next leader is woken before those who are answered.
  ///
  /// - Parameter waitingCount: how many wait, the next leader included.
  static func goesFirst(waitingCount: Int, afterGroupOf count: Int) -> Bool {
    waitingCount + count > sharingCountMaximum && 2 * waitingCount >= count
  }

  /// Of more than this many, one wakes the others.
  private static let directCountMaximum = 4

  /// Tells a group that it is answered, and behind it the next leader to lead.
  ///
  /// Of many the most urgent is woken first and wakes the others. To wake one thread for the first of them, which runs it in no time and
  /// sleeps again before the second is woken, would cost two switches of threads for each; when the first wakes the others, this
  /// task is still at work beside it, and they find two threads awake.
  private func wake(_ followers: [Waiter], then next: Waiter?) {
    guard followers.count > Self.directCountMaximum,
      let first = Self.indexOfFirst(
        followers.lazy.map { (mayWakeOthers: $0.mayWakeOthers, priority: $0.priority) }, before: next?.priority)
    else {
      return Self.wake(followers, then: next)
    }
    var others = followers
    others.remove(at: first)
    followers[first].wake(for: .answeredFirst(others: others, next: next))
  }

  /// Which of those that are answered wakes the others: the most urgent that may; `nil` when there are few, or when that would
  /// have a more urgent next leader wait for it.
  static func indexOfFirst<Followers: RandomAccessCollection>(
    _ followers: Followers, before next: TaskPriority?
  ) -> Int? where Followers.Element == (mayWakeOthers: Bool, priority: TaskPriority), Followers.Index == Int {
    guard followers.count > directCountMaximum else { return nil }
    var (first, most) = (Int?.none, TaskPriority.background)
    for index in followers.indices where followers[index].mayWakeOthers {
      guard first == nil || followers[index].priority > most else { continue }
      (first, most) = (index, followers[index].priority)
    }
    guard let first else { return nil }
    return next.map { $0 > most } ?? false ? nil : first
  }

  private static func wake(_ followers: [Waiter], then next: Waiter?) {
    for follower in followers { follower.wake(for: .answered) }
    next?.wake(for: .lead)
  }

  /// The leader's own cancellation must not fail those who ride along. An unstructured task does not inherit it; it is
  /// awaited right here, so it cannot outlive the call.
  private func processShielded(_ group: [any GatheredRequest]) async throws {
    do {
      try await process(group)
    } catch is CancellationError {
      let process = self.process
      try await Task { try await process(group) }.value
    }
  }

  /// Those that wait, as far as they go into one group with `leader`.
  private func takeFollowers(of leader: any GatheredRequest) -> [Waiter] {
    state.withLock { state in
      guard state.first < state.waiting.count else {
        state.lastCount = 1
        return []
      }
      var end = state.first
      var weight = leader.weight
      while end < state.waiting.count, end - state.first < countMaximum - 1 {
        weight += state.waiting[end].request.weight
        if weight > weightMaximum { break }
        end += 1
      }
      let followers = Array(state.waiting[state.first..<end])
      state.lastCount = followers.count + 1
      state.take(upTo: end)
      return followers
    }
  }

  /// The next leader, and how many wait, that one included; `nil` when nobody waits.
  private func handOver() -> (leader: Waiter, waitingCount: Int)? {
    state.withLock { state in
      guard state.first < state.waiting.count else {
        state.isUnderWay = false
        return nil
      }
      let waitingCount = state.waiting.count - state.first
      let leader = state.waiting[state.first]
      state.take(upTo: state.first + 1)
      return (leader, waitingCount)
    }
  }
}

/// A `Process` left a request without an answer: a mistake in this package.
package struct GathererError: Error, CustomStringConvertible {
  package init() {}

  package var description: String { "a request was processed and got no answer" }
}
