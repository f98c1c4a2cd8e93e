/// A moment on the wall clock, in milliseconds since 1970-01-01T00:00:00Z.
///
/// Only what must mean something after a restart is a timestamp: when an operation was enqueued, when it is due. Waiting
/// uses a monotonic clock (`TimeSource.sleep(for:)`).
public struct Timestamp: Hashable, Sendable, Codable {
  public var millisecondsSinceEpoch: Int64

  public init(millisecondsSinceEpoch: Int64) {
    self.millisecondsSinceEpoch = millisecondsSinceEpoch
  }

  /// The moment this much later (earlier, when negative). Stops at the ends of the range instead of overflowing.
  public func advanced(by duration: Duration) -> Timestamp {
    let (sum, overflow) = millisecondsSinceEpoch.addingReportingOverflow(duration.wholeMilliseconds)
    if overflow { return Timestamp(millisecondsSinceEpoch: duration < .zero ? .min : .max) }
    return Timestamp(millisecondsSinceEpoch: sum)
  }

  /// How long it is from here to `other`; negative when `other` is earlier.
  public func duration(to other: Timestamp) -> Duration {
    .milliseconds(other.millisecondsSinceEpoch.subtractingReportingOverflow(millisecondsSinceEpoch).partialValue)
  }
}

extension Timestamp: Comparable {
  public static func < (left: Timestamp, right: Timestamp) -> Bool {
    left.millisecondsSinceEpoch < right.millisecondsSinceEpoch
  }
}

extension Duration {
  /// Rounded up to whole milliseconds, so that waiting this long never ends early. Stops at the ends of the range.
  public var wholeMilliseconds: Int64 {
    let (seconds, attoseconds) = components
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000)
    if overflow { return seconds < 0 ? .min : .max }
    let fraction = attoseconds / 1_000_000_000_000_000
    let rest = attoseconds % 1_000_000_000_000_000
    let (sum, sumOverflow) = product.addingReportingOverflow(fraction + (rest > 0 ? 1 : 0))
    return sumOverflow ? (seconds < 0 ? .min : .max) : sum
  }

  /// As a number of seconds, for ratios and metrics.
  public var inSeconds: Double {
    Double(components.seconds) + Double(components.attoseconds) / 1e18
  }
}
