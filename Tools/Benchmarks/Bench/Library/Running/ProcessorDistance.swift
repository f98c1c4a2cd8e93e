import Foundation
import Synchronization

/// How far apart two of the machine's processors are: how long a cache line takes from one to the other and back. A host may move the
/// processors of a virtual machine from one minute to the next, together or apart, and whatever hands work from thread to thread
/// takes longer then, while a floor, which is one thread, does not.
enum ProcessorDistance {
  private static let (batchCount, batchSize) = (9, 1_000)
  /// So many looks in vain, about a millisecond, and the other thread has no processor of its own.
  static let lookCountMaximum = 1_000_000

  /// What two threads hand to each other.
  final class Line: Sendable {
    private let turn = Atomic(0)
    private let isGivenUp = Atomic(false)

    /// Waits for `mine`, and gives the turn to `other`; `false` when it does not come, or somebody has given up.
    func pass(_ mine: Int, to other: Int, lookCountMaximum: Int = lookCountMaximum) -> Bool {
      for _ in 0..<lookCountMaximum {
        if turn.load(ordering: .acquiring) == mine {
          turn.store(other, ordering: .releasing)
          return true
        }
        if isGivenUp.load(ordering: .relaxed) { return false }
      }
      isGivenUp.store(true, ordering: .relaxed)
      return false
    }
  }

  /// Nanoseconds there and back, the median of several batches, of those before a thread was interrupted; `nil` where two threads do not run at the same time.
  static func roundTripNanoseconds() -> Double? {
    guard ProcessInfo.processInfo.activeProcessorCount > 1 else { return nil }
    let line = Line()
    Thread.detachNewThread {
      for _ in 0..<batchCount * batchSize { guard line.pass(1, to: 0) else { return } }
    }
    let clock = ContinuousClock()
    var times: [Double] = []
    for _ in 0..<batchCount {
      let began = clock.now
      for _ in 0..<batchSize { guard line.pass(0, to: 1) else { return times.isEmpty ? nil : Meter.median(times) } }
      times.append(began.duration(to: clock.now) / .nanoseconds(1) / Double(batchSize))
    }
    return Meter.median(times)
  }
}
