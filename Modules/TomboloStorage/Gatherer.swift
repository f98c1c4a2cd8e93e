#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

private import Synchronization

/// A request on its way through a `Gatherer`; whoever processes it leaves the answer in it.
///
/// An object, because it is handed on several times: as a value, and through generic code, that costs more than what it asks for.
package protocol GatheredRequest: AnyObject, Sendable {
  /// What it takes of a group's `weightMaximum`.
  var weight: Int { get }

  /// Answers with an error, in place of what it may have been answered with.
  func fail(_ error: any Error)

  /// Kept for the gatherer alone. Safety: it is written by the caller before it waits, and by whoever wakes the caller, before that; a checked
  /// continuation, or an object for each wait, costs an allocation for each request.
  var seat: GathererSeat { get set }
}

/// Where the caller of a request waits, while it does.
package struct GathererSeat: Sendable {
  fileprivate let continuation: UnsafeContinuation<Void, Never>?
  /// Whether it is woken to lead; else its request was answered.
  fileprivate var leads = false
  /// Whether those who were answered were woken before it.
  fileprivate var isBehindOthers = false
  /// Those whom it is to wake, as far as they are not woken yet.
  fileprivate var others: AnsweredCallers?

  /// Nobody waits.
  package init() { continuation = nil }

  fileprivate init(_ continuation: UnsafeContinuation<Void, Never>) { self.continuation = continuation }
}

extension GatheredRequest {
  /// To be called once for each wait.
  fileprivate func wake() { seat.continuation?.resume() }

  fileprivate func wakeToLead(behindOthers: Bool) {
    seat.leads = true
    seat.isBehindOthers = behindOthers
    wake()
  }
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
/// For the same reason a leader lets others run before it leads, when the last group had several: once, a few times more as long as they
/// come back, and once more, with its processor, where just one is missing.
///
/// Where more callers come and go than share a flush well, the new leader is woken first once half as many wait as the last group
/// had: there is enough for a group, and those who were just answered go on while it is under way.
///
/// It holds no buffer of its own: everything that waits is a suspended caller. A waiting caller is not let go by
/// cancellation, because its request may already be under way; the wait is bounded by the groups ahead of it.
package final class Gatherer: Sendable {
  /// Answers each request of a group; throwing is an answer for all of them.
  package typealias Process = @Sendable ([any GatheredRequest]) async throws -> Void

  private struct State {
    /// How many requests the last group had.
    var lastCount = 0
    /// In order of arrival; those before `first` were taken already.
    var waiting: [any GatheredRequest] = []
    var first = 0

    var waitingCount: Int { waiting.count - first }

    mutating func takeFirst() -> (any GatheredRequest)? {
      guard first < waiting.count else { return nil }
      let request = waiting[first]
      take(upTo: first + 1)
      return request
    }

    /// A list of `leader` and of those up to `end`.
    mutating func take(upTo end: Int, behind leader: any GatheredRequest) -> [any GatheredRequest] {
      guard end > first else { return [leader] }
      var group: [any GatheredRequest] = []
      if first == 0, end == waiting.count {
        // All of them, as mostly: moved, and not counted once more.
        group.reserveCapacity(end + 1)
        swap(&group, &waiting)
        group.insert(leader, at: 0)
      } else {
        group.reserveCapacity(end - first + 1)
        group.append(leader)
        group += waiting[first..<end]
        take(upTo: end)
      }
      return group
    }

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
  /// Whether somebody leads. It begins without the lock, and ends within it, when nobody waits.
  private let isUnderWay = Atomic(false)
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
  package var waitingCount: Int { state.withLock { $0.waitingCount } }

  /// Has `request` processed, together with those of its group; it has its answer when this returns.
  ///
  /// It runs where its caller does. Not to be called from an actor: a leader would have to come back to it before others are woken.
  package nonisolated(nonsending) func submit(_ request: any GatheredRequest) async {
    if begin() { return await lead(request, mayHaveCompany: true) }
    await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
      request.seat = GathererSeat(continuation)
      let leads = state.withLock { state in
        // Nobody is past handing over while this is locked, so whoever leads finds what is put here.
        if begin() { return true }
        state.waiting.append(request)
        return false
      }
      if leads { request.wakeToLead(behindOthers: true) }
    }
    let seat = request.seat
    if let others = seat.others { wake(others) }
    if seat.leads { await lead(request, mayHaveCompany: seat.isBehindOthers) }
  }

  /// Whether the caller leads from now on.
  private func begin() -> Bool {
    // Looked at first, so that those who come while a group is under way, most of them, change nothing that others look at.
    !isUnderWay.load(ordering: .relaxed)
      && isUnderWay.compareExchange(expected: false, desired: true, ordering: .acquiringAndReleasing).exchanged
  }

  /// - Parameter mayHaveCompany: whether those of the last group were woken, and may be about to come back.
  private nonisolated(nonsending) func lead(_ request: any GatheredRequest, mayHaveCompany: Bool) async {
    if mayHaveCompany, state.withLock({ $0.lastCount > 1 }) { await letCompanyCome() }
    var group = takeGroup(of: request)
    do {
      try await processShielded(group)
    } catch {
      for request in group { request.fail(error) }
    }
    let groupCount = group.count
    var followers: [UnsafeContinuation<Void, Never>] = []
    followers.reserveCapacity(groupCount - 1)
    for index in group.indices.dropFirst() {
      if let follower = group[index].seat.continuation { followers.append(follower) }
    }
    let helper = groupCount >= Self.helpedCountMinimum ? group[1] : nil
    // Let go while their callers sleep: afterwards two threads would count references to the same requests.
    group = []
    // Nobody can lead before all of them are woken, unless there is enough for a group. Whoever is woken first may take the processor from
    // whoever wakes the others, and would flush alone.
    if groupCount > 1, let first = nextLeader(ifItGoesFirstAfter: groupCount) {
      first.wakeToLead(behindOthers: false)
      for follower in followers { follower.resume() }
    } else if let helper {
      let others = AnsweredCallers(count: followers.count - 1) { [followers] in followers[$0 + 1].resume() }
      helper.seat.others = others
      helper.wake()
      wake(others)
    } else {
      for follower in followers { follower.resume() }
      handOver()?.wakeToLead(behindOthers: true)
    }
  }

  /// From so many requests on the first of those who are answered helps to wake the others, where no next leader goes first.
  private static let helpedCountMinimum = 8

  /// Wakes those who are not woken yet; whoever is the last to do so hands over.
  private func wake(_ others: AnsweredCallers) {
    if others.wake() { handOver()?.wakeToLead(behindOthers: true) }
  }

  /// So often a leader lets others run before it leads, at most, and no more once that has taken so long: where the pool is busy with
  /// something else, each time costs a turn of everything that is ready.
  private static let yieldCountMaximum = 4
  private static let yieldTimeMaximum = Duration.microseconds(200)

  /// Lets others run, once, and again as long as it is worth it.
  private nonisolated(nonsending) func letCompanyCome() async {
    var waitingCount = 0
    var hasGivenWay = false
    var began = ContinuousClock.now
    for _ in 0..<Self.yieldCountMaximum {
      await Task.yield()
      let (count, lastCount) = state.withLock { ($0.waitingCount, $0.lastCount) }
      guard began.duration(to: .now) < Self.yieldTimeMaximum else { return }
      if !Self.expectsMore(waitingCount: count, before: waitingCount, afterGroupOf: lastCount) {
        guard !hasGivenWay, Self.givesWay(waitingCount: count, afterGroupOf: lastCount) else { return }
        hasGivenWay = true
        sched_yield()
        // It takes as long as the others want; what comes behind it is not to depend on that.
        began = .now
      }
      waitingCount = count
    }
  }

  /// Whether more came while others ran, and fewer wait than the last group had: the rest of them were woken, and run soon. Otherwise a
  /// leader that ran again before them would flush for the two or three who came first.
  static func expectsMore(waitingCount: Int, before: Int, afterGroupOf lastCount: Int) -> Bool {
    waitingCount > before && waitingCount + 1 < lastCount
  }

  /// Whether a leader gives its processor to other threads, once: just one of the last group is missing. That may be its leader, on a thread that
  /// waits for this processor since others have woken the rest; it would miss every other group.
  static func givesWay(waitingCount: Int, afterGroupOf lastCount: Int) -> Bool {
    waitingCount > 0 && waitingCount + 2 == lastCount
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

  /// The leader's own cancellation must not fail those who ride along. An unstructured task does not inherit it; it is
  /// awaited right here, so it cannot outlive the call.
  private nonisolated(nonsending) func processShielded(_ group: [any GatheredRequest]) async throws {
    do {
      try await process(group)
    } catch is CancellationError {
      let process = self.process
      try await Task { try await process(group) }.value
    }
  }

  /// The group of `leader`: its request, and those that wait, as far as they go into one group with it.
  private func takeGroup(of leader: any GatheredRequest) -> [any GatheredRequest] {
    state.withLock { state in
      var weight = leader.weight
      var end = state.first
      while end < state.waiting.count, end - state.first + 1 < countMaximum {
        weight += state.waiting[end].weight
        if weight > weightMaximum { break }
        end += 1
      }
      state.lastCount = end - state.first + 1
      return state.take(upTo: end, behind: leader)
    }
  }

  /// The next leader, when it is to be woken before those who are answered.
  private func nextLeader(ifItGoesFirstAfter count: Int) -> (any GatheredRequest)? {
    state.withLock { state in
      Self.goesFirst(waitingCount: state.waitingCount, afterGroupOf: count) ? state.takeFirst() : nil
    }
  }

  /// The next leader; `nil` when nobody waits, and from then on nobody leads.
  private func handOver() -> (any GatheredRequest)? {
    state.withLock { state in
      let leader = state.takeFirst()
      if leader == nil { isUnderWay.store(false, ordering: .releasing) }
      return leader
    }
  }
}

/// A `Process` left a request without an answer: a mistake in this package.
package struct GathererError: Error, CustomStringConvertible {
  package init() {}

  package var description: String { "a request was processed and got no answer" }
}
