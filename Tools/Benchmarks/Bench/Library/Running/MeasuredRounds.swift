import Histogram

/// What the rounds of a scenario with an engine gave, those of earlier passes included.
struct MeasuredRounds: Sendable {
  /// In order, an element for each round.
  var floors: [Meter.Reading] = []
  var turns: [Rounds.Turn] = []
  /// Empty where nothing is watched, and where there is no rival.
  var watchedTurns: [Rounds.Turn] = []
  var rivalRates: [Double] = []
  var distances: [Double] = []

  /// The medians of all rounds.
  func result(_ scenario: String, _ engine: BenchmarkEngine) -> BenchmarkResult {
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
      latencies: Rounds.latencies((turns + watchedTurns).compactMap(\.latencies)), figures: figures)
  }

  private static func medians(_ figures: [[String: Double]]) -> [String: Double] {
    var all: [String: [Double]] = [:]
    for (name, value) in figures.joined() { all[name, default: []].append(value) }
    return all.mapValues(Meter.median)
  }
}
