private import Synchronization

/// Processes one group of requests at a time; what comes in meanwhile is the next group.
///
/// The first caller leads: it processes its own request on its own task, at once, so a lone caller pays nothing for the
/// others. Those who come while a group is under way wait; when it is done, the first of them leads the rest.
///
///     idle ──submit──▶ a group is under way ──done, nobody waits──▶ idle
///                        │           ▲
///                        └──done─────┘ the first waiting caller leads all that wait, up to the limits
///
/// It holds no buffer of its own: everything that waits is a suspended caller. A waiting caller is not let go by
/// cancellation, because its request may already be under way; the wait is bounded by the groups ahead of it.
package final class Gatherer<Request: Sendable, Answer: Sendable>: Sendable {
  /// Answers for each request of a group, in order; throwing is an answer for all of them.
  package typealias Process = @Sendable ([Request]) async throws -> [Result<Answer, any Error>]

  private enum Turn {
    case answered(Result<Answer, any Error>)
    case lead([Waiter])
  }

  private struct Waiter {
    var request: Request
    var weight: Int
    var continuation: CheckedContinuation<Turn, Never>
  }

  private struct State {
    var isUnderWay = false
    /// In order of arrival; those before `first` were taken already.
    var waiting: [Waiter] = []
    var first = 0
  }

  private let state = Mutex(State())
  private let countMaximum: Int
  private let weightMaximum: Int
  private let weigh: @Sendable (Request) -> Int
  private let process: Process

  /// - Parameters:
  ///   - countMaximum: the most requests in one group.
  ///   - weightMaximum: the largest sum of weights in one group; a single request may exceed it.
  package init(
    countMaximum: Int,
    weightMaximum: Int = .max,
    weigh: @escaping @Sendable (Request) -> Int = { _ in 1 },
    process: @escaping Process
  ) {
    self.countMaximum = max(1, countMaximum)
    self.weightMaximum = weightMaximum
    self.weigh = weigh
    self.process = process
  }

  /// How many callers wait for a group under way to end.
  package var waitingCount: Int { state.withLock { $0.waiting.count - $0.first } }

  /// Has `request` processed, together with those of its group, and gives its own answer.
  package func submit(_ request: Request) async throws -> Answer {
    let leadsAtOnce = state.withLock { state in
      if state.isUnderWay { return false }
      state.isUnderWay = true
      return true
    }
    if leadsAtOnce { return try await lead(request, []) }

    let turn = await withCheckedContinuation { continuation in
      let waiter = Waiter(request: request, weight: weigh(request), continuation: continuation)
      let leads = state.withLock { state in
        if !state.isUnderWay {
          state.isUnderWay = true
          return true
        }
        state.waiting.append(waiter)
        return false
      }
      if leads { continuation.resume(returning: .lead([])) }
    }
    switch turn {
    case .answered(let result): return try result.get()
    case .lead(let followers): return try await lead(request, followers)
    }
  }

  private func lead(_ request: Request, _ followers: [Waiter]) async throws -> Answer {
    var group = [request]
    // No key path: in generic code it is made anew each time, which costs a tenth of an enqueue.
    for follower in followers { group.append(follower.request) }
    let results: [Result<Answer, any Error>]
    do {
      let answers = try await processShielded(group)
      if answers.count == group.count {
        results = answers
      } else {
        let error = GathererError(answerCount: answers.count, requestCount: group.count)
        results = group.map { _ in .failure(error) }
      }
    } catch {
      results = group.map { _ in .failure(error) }
    }
    handOver()
    for (index, follower) in followers.enumerated() {
      follower.continuation.resume(returning: .answered(results[index + 1]))
    }
    return try results[0].get()
  }

  /// The leader's own cancellation must not fail those who ride along. An unstructured task does not inherit it; it is
  /// awaited right here, so it cannot outlive the call.
  private func processShielded(_ group: [Request]) async throws -> [Result<Answer, any Error>] {
    do {
      return try await process(group)
    } catch is CancellationError {
      let process = self.process
      return try await Task { try await process(group) }.value
    }
  }

  private func handOver() {
    let next = state.withLock { state -> (leader: Waiter, followers: [Waiter])? in
      guard state.first < state.waiting.count else {
        state.waiting.removeAll(keepingCapacity: true)
        state.first = 0
        state.isUnderWay = false
        return nil
      }
      let leader = state.waiting[state.first]
      var end = state.first + 1
      var weight = leader.weight
      while end < state.waiting.count, end - state.first < countMaximum {
        weight += state.waiting[end].weight
        if weight > weightMaximum { break }
        end += 1
      }
      let followers = Array(state.waiting[(state.first + 1)..<end])
      state.first = end
      if state.first == state.waiting.count {
        state.waiting.removeAll(keepingCapacity: true)
        state.first = 0
      } else if state.first > 1_024 {
        state.waiting.removeFirst(state.first)
        state.first = 0
      }
      return (leader, followers)
    }
    guard let next else { return }
    next.leader.continuation.resume(returning: .lead(next.followers))
  }
}

/// A `Process` did not answer every request: a mistake in this package.
package struct GathererError: Error, CustomStringConvertible {
  var answerCount: Int
  var requestCount: Int

  package var description: String { "\(requestCount) requests got \(answerCount) answers" }
}
