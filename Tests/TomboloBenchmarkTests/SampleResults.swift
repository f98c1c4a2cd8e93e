@testable import TomboloBenchmark

/// Results as they could be, with everything a report shows.
enum SampleResults {
  static let all: [BenchmarkResult] = [
    BenchmarkGoal.judged(
      BenchmarkResult(
        scenario: "enqueue-1", engine: "sqlite", ratio: 0.934, ratios: [0.93, 0.934, 0.94], rate: 6_543.2,
        floorRate: 7_005.6, processorMicroseconds: 95.25,
        latencies: BenchmarkResult.Latencies(p50: 140.4, p99: 310, p999: 1_204, longest: 9_000))),
    BenchmarkGoal.judged(
      BenchmarkResult(
        scenario: "enqueue-64", engine: "file", ratio: 0.55, ratios: [0.55], rate: 70_000, floorRate: 127_272.7,
        processorMicroseconds: 20, figures: ["times Redis Streams": 1.25])),
    BenchmarkGoal.judged(
      BenchmarkResult(scenario: "enqueue-64", engine: "redis", rate: 56_000, processorMicroseconds: 17.86)),
    BenchmarkGoal.judged(
      BenchmarkResult(
        scenario: "memory", engine: "lmdb", processorMicroseconds: 18, state: "as it is after filling",
        figures: ["resident MiB at work, with 1000000 stored": 48.5, "resident MiB after filling": 440.2])),
    BenchmarkGoal.judged(
      BenchmarkResult(
        scenario: "backlog-settle", engine: "sqlite", ratio: 0.8, ratios: [0.8], rate: 4_000, floorRate: 5_000,
        processorMicroseconds: 40.5,
        latencies: BenchmarkResult.Latencies(p50: 900, p99: 2_100, p999: 3_000, longest: 3_500),
        figures: [
          "times the cost by the clock, with 1000000 stored": 1.25,
          "times the cost by processor time, with 1000000 stored": 1.4,
        ])),
  ]

  /// A goal that a rung shows to be out of reach, and one that none forbids.
  static let ladder: [BenchmarkResult] = [
    BenchmarkResult(
      scenario: "engine-records-64", engine: "sqlite", ratio: 0.62, ratios: [0.62], rate: 137_000, floorRate: 222_000),
    BenchmarkGoal.judged(
      BenchmarkResult(
        scenario: "enqueue-64", engine: "sqlite", ratio: 0.27, ratios: [0.25, 0.27, 0.31], rate: 60_000,
        floorRate: 217_000, processorMicroseconds: 11.5, floorProcessorMicroseconds: 2.3,
        figures: [
          StageFigures.operations: 63.5, StageFigures.floor: 293, StageFigures.between: 420, StageFigures.inCommit: 610,
          StageFigures.lastWayBack: 250, StageFigures.engine: 470, StageFigures.handOver: 12,
          StageFigures.engineWayBack: 9, StageFigures.floorsBetween: 1.43, StageFigures.floorsInCommit: 2.08,
          StageFigures.floorsInEngine: 1.6, StageFigures.processors: 1.1,
        ])),
    BenchmarkResult(
      scenario: "task-records-deliver", engine: "lmdb", ratio: 0.7, ratios: [0.58, 0.7], rate: 100_000,
      floorRate: 143_000),
    BenchmarkGoal.judged(
      BenchmarkResult(
        scenario: "deliver", engine: "lmdb", ratio: 0.31, ratios: [0.31], rate: 50_000, floorRate: 160_000)),
  ]

  static func record(
    version: String?, results: [BenchmarkResult] = all, processor: String = "Sample CPU"
  ) -> BenchmarkRecord {
    BenchmarkRecord(
      version: version, day: "2026-01-31",
      machine: BenchmarkMachine(
        processor: processor, processorCount: 2, memoryMebibytes: 4_096, system: "Sample Linux", fileSystem: "ext4",
        isDebugBuild: false),
      software: ["commit 0123456", "Swift 6.3.1", "SQLite 3.40.1"], settings: BenchmarkSettings(), results: results)
  }
}
