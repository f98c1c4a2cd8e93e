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
  /// The rounds of this pass come after those that are there.
  var passes = PassesSoFar()

  /// - Parameter watched: Ours once more at the end of a round, closely watched, which costs a little: of it only figures and latencies are
  ///   told. It is given the floor of its round.
  func compare(
    _ scenario: String, floor: (_ folder: String) async throws -> Meter.Reading,
    ours: (_ folder: String) async throws -> Turn,
    watched: ((_ folder: String, _ floor: Meter.Reading) async throws -> Turn)? = nil
  ) async throws -> BenchmarkResult {
    _ = try await settings.withFolder(floor)
    _ = try await settings.withFolder(ours)
    var measured = passes[scenario, engine]
    for _ in 0..<settings.roundCount {
      if let distance = ProcessorDistance.roundTripNanoseconds() { measured.distances.append(distance) }
      let floorReading: Meter.Reading
      if measured.floors.count.isMultiple(of: 2) {
        floorReading = try await settings.withFolder(floor)
        measured.turns.append(try await settings.withFolder(ours))
      } else {
        measured.turns.append(try await settings.withFolder(ours))
        floorReading = try await settings.withFolder(floor)
      }
      measured.floors.append(floorReading)
      if let rival { measured.rivalRates.append(try await rival.round()) }
      if let watched {
        measured.watchedTurns.append(try await settings.withFolder { try await watched($0, floorReading) })
      }
    }
    passes[scenario, engine] = measured
    return measured.result(scenario, engine)
  }

  /// All rounds together; `nil` where none took any.
  static func latencies(_ histograms: [Histogram<UInt64>]) -> BenchmarkResult.Latencies? {
    guard !histograms.isEmpty else { return nil }
    var all = Meter.histogram()
    for histogram in histograms { all.add(histogram) }
    return BenchmarkResult.Latencies(all)
  }
}
