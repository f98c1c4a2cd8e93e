import Histogram
import Synchronization

/// How long the operations of one producer took.
///
/// A histogram has some 200 KB, too much to be kept at hand for each of 64 producers: to look up its place in there would make each
/// operation seem dearer. So what was measured is only noted, in room that is there before, and sorted into a histogram afterwards.
final class LatencyLog: Sendable {
  /// In nanoseconds.
  private let notes = Mutex<[UInt64]>([])

  /// - Parameter capacity: how many operations will be noted.
  private init(capacity: Int) { notes.withLock { $0.reserveCapacity(capacity) } }

  func note(_ duration: Duration) {
    let (seconds, attoseconds) = duration.components
    let nanoseconds = seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    notes.withLock { $0.append(UInt64(clamping: nanoseconds)) }
  }

  /// For so many producers, which have so many operations together.
  static func make(_ count: Int, operationCount: Int) -> [LatencyLog] {
    (0..<count).map { _ in LatencyLog(capacity: operationCount / count + 1) }
  }

  /// In nanoseconds.
  static func total(_ logs: [LatencyLog]) -> Histogram<UInt64> {
    var all = Meter.histogram()
    for log in logs { log.notes.withLock { for note in $0 { _ = all.record(note) } } }
    return all
  }
}
