/// What the stages of a commit took, as figures below a row. All of them are means of one turn, which is not the one whose rate is told.
enum StageFigures {
  static let operations = "operations per commit"
  static let batches = "batches per commit"
  static let mutations = "mutations per commit"
  static let between = "µs between commits"
  static let inCommit = "µs in commit"
  static let reading = "µs reading the store, per commit"
  static let wayBack = "µs from a commit's end to a producer's answer, mean"
  static let lastWayBack = "µs from a commit's end to the last producer's answer"
  static let handOver = "µs to the engine's thread, the engine alone"
  static let engine = "µs in the engine alone, same commits"
  static let engineWayBack = "µs back from the engine's thread, the engine alone"
  static let floor = "µs of the floor for as many"
  static let floorsBetween = "floors between commits"
  static let floorsInCommit = "floors in commit"
  static let floorsInEngine = "floors in the engine alone"
  static let processors = "processors kept busy"

  /// - Parameters:
  ///   - operationCount: How many were enqueued, or delivered.
  ///   - floorRate: Operations a second of the floor, in the same round.
  static func figures(
    _ stages: StageClock.Reading, _ replay: EngineReplay.Reading?, operationCount: Int, turn: Meter.Reading,
    floorRate: Double
  ) -> [String: Double] {
    let commitCount = Double(max(1, stages.commitCount))
    func mean(_ duration: Duration, _ count: Int) -> Double { duration / .microseconds(1) / Double(max(1, count)) }
    let (between, inCommit) = (mean(stages.between, stages.commitCount), mean(stages.inCommit, stages.commitCount))
    let ownFloor = Double(operationCount) / commitCount / floorRate * 1e6
    var figures = [
      operations: Double(operationCount) / commitCount,
      batches: Double(stages.batchCount) / commitCount,
      mutations: Double(stages.mutationCount) / commitCount,
      Self.between: between,
      Self.inCommit: inCommit,
      reading: mean(stages.reading, stages.commitCount),
      floor: ownFloor,
      floorsBetween: between / ownFloor,
      floorsInCommit: inCommit / ownFloor,
      processors: turn.processorMicroseconds * turn.rate / 1e6,
    ]
    if stages.wayBackCount > 0 {
      figures[wayBack] = mean(stages.wayBack, stages.wayBackCount)
      figures[lastWayBack] = mean(stages.lastWayBack, stages.lastWayBackCount)
    }
    if let replay {
      let engineAlone = mean(replay.engine, replay.commitCount)
      figures[handOver] = mean(replay.handOver, replay.commitCount)
      figures[engine] = engineAlone
      figures[engineWayBack] = mean(replay.wayBack, replay.commitCount)
      figures[floorsInEngine] = engineAlone / ownFloor
    }
    return figures
  }
}
