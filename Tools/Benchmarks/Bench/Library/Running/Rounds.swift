import Foundation
import Histogram

/// Measures ours and the floor by turns, so that a busy moment meets both, and neither always has the warmer disk; where there is a rival,
/// each round has a turn of it, too. One turn of ours and one of the floor come first, and do not count.
struct Rounds {
  /// What one turn gave.
  struct Turn {
    var reading: Meter.Reading
    var latencies: Histogram<UInt64>?
    /// Told as the median of the rounds.
    var figures: [String: Double] = [:]

    init(_ reading: Meter.Reading, latencies: Histogram<UInt64>? = nil, figures: [String: Double] = [:]) {
      (self.reading, self.latencies, self.figures) = (reading, latencies, figures)
    }
  }

  var engine: BenchmarkEngine
  var settings: BenchmarkSettings
  var rival: RivalRounds?

  /// - Parameter watched: Ours once more at the end of a round, closely watched, which costs a little: of it only figures and latencies are
  ///   told. It is given the floor of its round.
  func compare(
    _ scenario: String, floor: (_ folder: String) async throws -> Meter.Reading,
    ours: (_ folder: String) async throws -> Turn,
    watched: ((_ folder: String, _ floor: Meter.Reading) async throws -> Turn)? = nil
  ) async throws -> BenchmarkResult {
    _ = try await settings.withFolder(floor)
    _ = try await settings.withFolder(ours)
    var (floors, turns, watchedTurns) = ([Meter.Reading](), [Turn](), [Turn]())
    var rivalRates: [Double] = []
    var distances: [Double] = []
    for round in 0..<settings.roundCount {
      if let distance = ProcessorDistance.roundTripNanoseconds() { distances.append(distance) }
      for isFloor in round % 2 == 0 ? [true, false] : [false, true] {
        if isFloor {
          floors.append(try await settings.withFolder(floor))
        } else {
          turns.append(try await settings.withFolder(ours))
        }
      }
      if let rival { rivalRates.append(try await rival.round()) }
      if let watched {
        let floor = floors[round]
        watchedTurns.append(try await settings.withFolder { try await watched($0, floor) })
      }
    }
    let readings = turns.map(\.reading)
    let ratios = zip(readings, floors).map { $0.rate / $1.rate }
    var figures = Self.medians((turns + watchedTurns).map(\.figures))
    figures[FigureName.smallestRatio] = ratios.min()
    figures[FigureName.largestRatio] = ratios.max()
    if !distances.isEmpty { figures[FigureName.processorDistance] = Meter.median(distances) }
    if !rivalRates.isEmpty {
      figures[FigureName.timesRedis] = Meter.median(zip(readings, rivalRates).map { $0.rate / $1 })
    }
    return BenchmarkResult(
      scenario: scenario, engine: engine.rawValue, ratio: Meter.median(ratios), ratios: ratios,
      rate: Meter.median(readings.map(\.rate)), floorRate: Meter.median(floors.map(\.rate)),
      processorMicroseconds: Meter.median(readings.map(\.processorMicroseconds)),
      floorProcessorMicroseconds: Meter.median(floors.map(\.processorMicroseconds)),
      latencies: Self.latencies((turns + watchedTurns).compactMap(\.latencies)), figures: figures)
  }

  private static func medians(_ figures: [[String: Double]]) -> [String: Double] {
    var all: [String: [Double]] = [:]
    for (name, value) in figures.joined() { all[name, default: []].append(value) }
    return all.mapValues(Meter.median)
  }

  /// All rounds together; `nil` where none took any.
  static func latencies(_ histograms: [Histogram<UInt64>]) -> BenchmarkResult.Latencies? {
    guard !histograms.isEmpty else { return nil }
    var all = Meter.histogram()
    for histogram in histograms { all.add(histogram) }
    return BenchmarkResult.Latencies(all)
  }
}
