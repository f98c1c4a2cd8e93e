/// A number of places and a bounded queue before them, without lock and task: arrivals and departures go in, who may enter
/// comes out.
///
/// Higher priority enters first, and within a priority the longest waiting. At a full queue a newcomer takes the place of the
/// newest of the lowest priority below its own, which is refused.
package struct ConcurrencyGateMachine: Sendable {
  /// The answer to an arrival.
  package enum Admission: Hashable, Sendable {
    case admitted
    /// Wait; `evicted` must go instead.
    case queued(ticket: UInt64, evicted: UInt64?)
    case refused
  }

  /// How many may be inside at once.
  package private(set) var limit: Int
  /// How many are inside. Above the limit only after the limit was lowered.
  package private(set) var insideCount = 0
  private let queueMaximum: Int
  private var queues: [[UInt64]] = Array(repeating: [], count: CallPriority.allCases.count)
  private var lastTicket: UInt64 = 0

  package init(limit: Int, queueMaximum: Int) {
    self.limit = max(1, limit)
    self.queueMaximum = max(0, queueMaximum)
  }

  /// How many wait.
  package private(set) var waitingCount = 0

  /// Lets one in when there is room; false, and nothing changed, when there is none.
  package mutating func enterAtOnce() -> Bool {
    // Nobody waits while there is room, so nobody is overtaken here.
    guard insideCount < limit else { return false }
    insideCount += 1
    return true
  }

  /// Lets one out when nobody waits; false, and nothing changed, when somebody does.
  package mutating func departAtOnce() -> Bool {
    guard waitingCount == 0 else { return false }
    insideCount -= 1
    return true
  }

  package mutating func arrive(_ priority: CallPriority) -> Admission {
    if enterAtOnce() { return .admitted }
    var evicted: UInt64?
    if waitingCount >= queueMaximum {
      guard let lowest = queues.indices.first(where: { !queues[$0].isEmpty }), lowest < priority.rawValue else {
        return .refused
      }
      evicted = queues[lowest].removeLast()
      waitingCount -= 1
    }
    lastTicket += 1
    queues[priority.rawValue].append(lastTicket)
    waitingCount += 1
    return .queued(ticket: lastTicket, evicted: evicted)
  }

  /// One who waited goes away; false when it no longer waits.
  package mutating func leaveQueue(_ ticket: UInt64) -> Bool {
    for priority in queues.indices {
      if let place = queues[priority].firstIndex(of: ticket) {
        queues[priority].remove(at: place)
        waitingCount -= 1
        return true
      }
    }
    return false
  }

  /// One who was inside goes. Answers who may enter now; they count as inside from here.
  package mutating func depart() -> [UInt64] {
    insideCount -= 1
    return admitWaiting()
  }

  /// Changes the number of places, to at least 1. Nobody inside is sent away.
  package mutating func changeLimit(to limit: Int) -> [UInt64] {
    self.limit = max(1, limit)
    return admitWaiting()
  }

  private mutating func admitWaiting() -> [UInt64] {
    var admitted: [UInt64] = []
    while insideCount < limit, let highest = queues.indices.last(where: { !queues[$0].isEmpty }) {
      admitted.append(queues[highest].removeFirst())
      waitingCount -= 1
      insideCount += 1
    }
    return admitted
  }
}
