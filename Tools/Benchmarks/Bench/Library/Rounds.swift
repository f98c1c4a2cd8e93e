import Foundation
import Histogram

/// Measures ours and the floor by turns, so that a busy moment meets both, and neither always has the warmer disk.
struct Rounds {
  var engine: BenchmarkEngine
  var settings: BenchmarkSettings

  func compare(
    _ scenario: String, floor: (_ folder: String) async throws -> Meter.Reading,
    ours: (_ folder: String) async throws -> (Meter.Reading, Histogram<UInt64>?)
  ) async throws -> BenchmarkResult {
    var (floors, readings, histogram) = ([Meter.Reading](), [Meter.Reading](), Meter.histogram())
    var hasLatencies = false
    for round in 0..<settings.roundCount {
      for isFloor in round % 2 == 0 ? [true, false] : [false, true] {
        try await settings.withFolder { folder in
          if isFloor {
            floors.append(try await floor(folder))
          } else {
            let (reading, latencies) = try await ours(folder)
            readings.append(reading)
            if let latencies {
              histogram.add(latencies)
              hasLatencies = true
            }
          }
        }
      }
    }
    let ratios = zip(readings, floors).map { $0.rate / $1.rate }
    return BenchmarkResult(
      scenario: scenario, engine: engine.rawValue, ratio: Meter.median(ratios), ratios: ratios,
      rate: Meter.median(readings.map(\.rate)), floorRate: Meter.median(floors.map(\.rate)),
      processorMicroseconds: Meter.median(readings.map(\.processorMicroseconds)),
      latencies: hasLatencies ? BenchmarkResult.Latencies(histogram) : nil)
  }
}
