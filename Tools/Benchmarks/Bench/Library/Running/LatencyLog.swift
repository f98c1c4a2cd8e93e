import Histogram
import Synchronization

/// How long the operations of one producer took.
///
/// A histogram has some 200 KB. So those of all producers are made before a measurement begins and added up after it, several turns
/// into the same ones: in the time that is measured they would make each operation seem dearer, a short turn most.
final class LatencyLog: Sendable {
  private let histogram = Mutex(Meter.histogram())

  func note(_ duration: Duration) {
    histogram.withLock { _ = $0.record(UInt64(duration / .nanoseconds(1))) }
  }

  static func make(_ count: Int) -> [LatencyLog] { (0..<count).map { _ in LatencyLog() } }

  /// In nanoseconds.
  static func total(_ logs: [LatencyLog]) -> Histogram<UInt64> {
    var all = Meter.histogram()
    for log in logs { log.histogram.withLock { all.add($0) } }
    return all
  }
}
