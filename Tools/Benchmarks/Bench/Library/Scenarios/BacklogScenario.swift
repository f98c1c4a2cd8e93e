import Histogram
import TomboloPorts
import TomboloQueue

/// What an enqueue and a settlement cost beside a thousand stored operations, beside a hundred thousand, and beside a million: three
/// queues are open at once and take turns.
struct BacklogScenario {
  private static let storedCounts = [1_000, 100_000, 1_000_000]
  /// In one turn so much is enqueued, and then settled, so often: few enough that a thousand remain about a thousand.
  private static let (aloneCount, togetherCount, turnCount) = (100, 1_280, 4)

  private struct Stored {
    var store: any KeyValueStore
    var queue: SyncQueue
  }

  /// What one turn gave for each of the three rows.
  private struct Turn {
    var alone, together, settle: Rounds.Turn
  }

  func measure(_ name: String, _ rounds: Rounds, _ stores: FilledStores) async throws -> [BenchmarkResult] {
    let settings = rounds.settings
    var queues: [Stored] = []
    for count in Self.storedCounts {
      let filled = try await stores.store(rounds.engine, count: settings.count(count))
      // Others have worked with the one that `memory` uses, and leave free pages behind: so the same is done with all of them.
      try await stores.work(with: filled, rounds.engine)
      let store = try await rounds.engine.store(in: filled.folder)
      queues.append(Stored(store: store, queue: try await SyncQueue.open(store: store, configuration: .bench)))
    }
    var turns: [[Turn]] = queues.map { _ in [] }
    // The first turn of each finds what nobody has read yet, and does not count.
    for round in 0...settings.roundCount {
      for offset in queues.indices {
        let index = (round + offset) % queues.count
        let turn = try await turn(queues[index].queue, settings)
        if round > 0 { turns[index].append(turn) }
      }
    }
    // One turn more beside the most, whose settlements are watched one by one, which would cost the others something.
    let times = SettleTimes(from: .claimed)
    queues[queues.count - 1].queue.add(times)
    _ = try await turn(queues[queues.count - 1].queue, settings)
    for stored in queues { try await stored.store.close() }
    let rows: [(String, (Turn) -> Rounds.Turn)] = [
      ("enqueue-1", \.alone), ("enqueue-64", \.together), ("settle", \.settle),
    ]
    return rows.map { part, path in
      var histograms = (turns.last ?? []).compactMap { path($0).latencies }
      if histograms.isEmpty { histograms = [times.histogram] }
      return result(
        "\(name)-\(part)", rounds, turns.map { $0.map { path($0).reading } }, Rounds.latencies(histograms))
    }
  }

  private func turn(_ queue: SyncQueue, _ settings: BenchmarkSettings) async throws -> Turn {
    let payload = settings.payload
    let (alone, together) = (settings.count(Self.aloneCount), settings.count(Self.togetherCount, multipleOf: 64))
    var (one, many, settled) = (Meter.Tally(), Meter.Tally(), Meter.Tally())
    let (oneTimes, manyTimes) = (
      LatencyLog.make(1, operationCount: Self.turnCount * alone),
      LatencyLog.make(64, operationCount: Self.turnCount * together)
    )
    for _ in 0..<Self.turnCount {
      try await one.measure {
        try await Load.enqueue(alone, payload: payload, to: queue, times: oneTimes)
        return alone
      }
      try await many.measure {
        try await Load.enqueue(together, payload: payload, to: queue, times: manyTimes)
        return together
      }
      try await settled.measure { try await Load.deliver(alone + together, from: queue) }
    }
    return Turn(
      alone: Rounds.Turn(one.reading, latencies: LatencyLog.total(oneTimes)),
      together: Rounds.Turn(many.reading, latencies: LatencyLog.total(manyTimes)),
      settle: Rounds.Turn(settled.reading))
  }

  /// - Parameter readings: For each of `storedCounts` those of each turn.
  private func result(
    _ name: String, _ rounds: Rounds, _ readings: [[Meter.Reading]], _ latencies: BenchmarkResult.Latencies?
  ) -> BenchmarkResult {
    let (few, many) = (readings[0], readings[readings.count - 1])
    let ratios = zip(many, few).map { $0.rate / $1.rate }
    var figures: [String: Double] = [:]
    for (count, others) in zip(Self.storedCounts.map { rounds.settings.count($0) }, readings).dropFirst() {
      figures[FigureName.timesTheCost(count)] = Meter.median(zip(few, others).map { $0.rate / $1.rate })
      figures[FigureName.timesTheProcessorTime(count)] =
        Meter.median(zip(few, others).map { $1.processorMicroseconds / $0.processorMicroseconds })
    }
    return BenchmarkResult(
      scenario: name, engine: rounds.engine.rawValue, ratio: Meter.median(ratios), ratios: ratios,
      rate: Meter.median(many.map(\.rate)), floorRate: Meter.median(few.map(\.rate)),
      processorMicroseconds: Meter.median(many.map(\.processorMicroseconds)), latencies: latencies,
      state: Self.storedCounts.map { FilledStores.state(rounds.settings.count($0)) }[readings.count - 1]
        + "; worked with by further processes, as all three; open since before the first round, warmed by one turn",
      figures: figures)
  }
}
