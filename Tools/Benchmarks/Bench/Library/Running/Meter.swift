import Histogram

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Reads clocks and the process's own figures.
enum Meter {
  /// How many operations a second, and the processor time of each in microseconds.
  struct Reading {
    var rate: Double
    var processorMicroseconds: Double
  }

  /// Adds up what several stretches took.
  struct Tally {
    private var (count, seconds, used) = (0, 0.0, 0.0)

    var reading: Reading {
      Reading(rate: Double(count) / seconds, processorMicroseconds: used / Double(count) * 1e6)
    }

    /// - Parameter body: Answers how many operations it were.
    mutating func measure(_ body: () async throws -> Int) async rethrows {
      let clock = ContinuousClock()
      let (start, usedBefore) = (clock.now, processorSeconds)
      count += try await body()
      seconds += start.duration(to: clock.now) / .seconds(1)
      used += processorSeconds - usedBefore
    }
  }

  static func measure(_ count: Int, _ body: () async throws -> Void) async rethrows -> Reading {
    let clock = ContinuousClock()
    let (start, used) = (clock.now, processorSeconds)
    try await body()
    let seconds = start.duration(to: clock.now) / .seconds(1)
    return Reading(
      rate: Double(count) / seconds, processorMicroseconds: (processorSeconds - used) / Double(count) * 1e6)
  }

  static var processorSeconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  static func median(_ numbers: [Double]) -> Double { numbers.isEmpty ? .nan : numbers.sorted()[numbers.count / 2] }

  /// For latencies of up to a minute, in nanoseconds, to three digits.
  static func histogram() -> Histogram<UInt64> { Histogram(highestTrackableValue: 60_000_000_000) }
}

extension BenchmarkResult.Latencies {
  init(_ histogram: Histogram<UInt64>) {
    func microseconds(_ percentile: Double) -> Double { Double(histogram.valueAtPercentile(percentile)) / 1_000 }
    self.init(
      p50: microseconds(50), p99: microseconds(99), p999: microseconds(99.9), longest: Double(histogram.max) / 1_000)
  }
}
