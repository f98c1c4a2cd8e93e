private import Synchronization

/// Callers of a group that was answered, whom several wake: the leader, and the caller whom it has woken before.
///
/// The leader does so on the thread that it has: to wake another thread takes longer than to wake all of them. But where the system gives the
/// thread that comes for the first one the processor of the leader, that thread runs the one, finds nobody else, and sleeps, and so for
/// each of them: two switches of threads for each. So the first one wakes the others as well, as many as are left.
final class AnsweredCallers: Sendable {
  private let count: Int
  private let wakeOne: @Sendable (Int) -> Void
  /// The first place that nobody has taken.
  private let next = Atomic(0)
  /// How many are not woken yet.
  private let remaining: Atomic<Int>
  /// So many are taken at once.
  private static let stride = 4

  /// - Parameters:
  ///   - count: how many there are; at least one, because nobody would complete none.
  ///   - wakeOne: wakes the caller at a place below `count`; called once for each.
  init(count: Int, wakeOne: @escaping @Sendable (Int) -> Void) {
    self.count = count
    self.wakeOne = wakeOne
    remaining = Atomic(count)
  }

  /// Wakes those who are left; answers whether all of them are woken now, to one of those who ask. To be called by anybody, at any time.
  func wake() -> Bool {
    var isCompleted = false
    while true {
      let begin = next.wrappingAdd(Self.stride, ordering: .relaxed).oldValue
      guard begin < count else { return isCompleted }
      let end = min(begin + Self.stride, count)
      for place in begin..<end { wakeOne(place) }
      isCompleted = remaining.wrappingSubtract(end - begin, ordering: .acquiringAndReleasing).newValue == 0
    }
  }
}
