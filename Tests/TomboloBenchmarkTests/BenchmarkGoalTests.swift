import Testing
@testable import TomboloBenchmark

@Suite("Goals of the benchmark")
struct BenchmarkGoalTests {
  @Test(
    "A bound that is reached exactly is met, unless it says under",
    arguments: [
      (BenchmarkGoal.Bound.atLeast(0.9), 0.9, true), (.atLeast(0.9), 0.899, false), (.atMost(1.3), 1.3, true),
      (.atMost(1.3), 1.31, false), (.under(64), 63.9, true), (.under(64), 64, false),
    ] as [(BenchmarkGoal.Bound, Double, Bool)])
  func bounds(bound: BenchmarkGoal.Bound, value: Double, isMet: Bool) {
    #expect(bound.isMet(by: value) == isMet)
  }

  @Test("Memory is judged for SQLite and LMDB, and only with a million stored")
  func memory() {
    func verdicts(_ engine: String, _ stored: Int) -> [BenchmarkVerdict] {
      BenchmarkGoal.judged(
        BenchmarkResult(scenario: "memory", engine: engine, figures: [FigureName.resident(stored): 70])
      ).verdicts
    }
    #expect(verdicts("sqlite", 1_000_000).map(\.isMet) == [false])
    #expect(verdicts("lmdb", 1_000_000).map(\.goal) == ["under 64"])
    #expect(verdicts("file", 1_000_000).isEmpty)
    #expect(verdicts("sqlite", 1_000).isEmpty)
  }

  @Test("A figure that was not taken is not judged, and a peer has no goals")
  func unmeasured() {
    let alone = BenchmarkGoal.judged(BenchmarkResult(scenario: "enqueue-64", engine: "lmdb", ratio: 0.81))
    #expect(alone.verdicts == [BenchmarkVerdict(figure: nil, goal: "at least 0.8", value: 0.81, isMet: true)])
    #expect(BenchmarkGoal.judged(BenchmarkResult(scenario: "enqueue-64", engine: "redis", ratio: 2)).verdicts.isEmpty)
  }

  @Test("With Redis measured, being twice as fast is judged")
  func peers() {
    for (times, isMet) in [(1.8, false), (2, true)] {
      let ours = BenchmarkResult(scenario: "enqueue-64", engine: "file", figures: [FigureName.timesRedis: times])
      #expect(
        BenchmarkGoal.judged(ours).verdicts
          == [BenchmarkVerdict(figure: FigureName.timesRedis, goal: "at least 2", value: times, isMet: isMet)])
    }
  }

  @Test(
    "The backlog is judged by the clock and by processor time, each for itself",
    arguments: ["enqueue-1", "enqueue-64", "settle"])
  func backlog(part: String) {
    let result = BenchmarkResult(
      scenario: "backlog-\(part)", engine: "lmdb",
      figures: [FigureName.timesTheCost(1_000_000): 1.97, FigureName.timesTheProcessorTime(1_000_000): 1.14])
    let verdicts = BenchmarkGoal.judged(result).verdicts
    #expect(
      verdicts.map(\.figure) == [FigureName.timesTheCost(1_000_000), FigureName.timesTheProcessorTime(1_000_000)])
    #expect(verdicts.map(\.isMet) == [false, true])
    #expect(verdicts.allSatisfy { $0.goal == "at most 1.3" })
  }

  @Test("What a run has not taken of a goal's scenario is told, and other scenarios are not")
  func unjudged() {
    let results = ["file", "lmdb"].map { BenchmarkResult(scenario: "enqueue-64", engine: $0, ratio: 0.5) }
    #expect(
      BenchmarkGoal.unjudged(results + [BenchmarkResult(scenario: "enqueue-64", engine: "redis", rate: 1)])
        == ["enqueue-64 file, lmdb, \(FigureName.timesRedis), goal at least 2"])
    #expect(BenchmarkGoal.unjudged([BenchmarkResult(scenario: "mixed", engine: "file")]).isEmpty)
    // Memory of `file` has no goal.
    #expect(BenchmarkGoal.unjudged([BenchmarkResult(scenario: "memory", engine: "file")]).isEmpty)
  }

  @Test("Every scenario with a goal is among `goals`, and every name finds what it stands for")
  func names() {
    let names = Set(BenchmarkScenario.goals.map(\.description))
    for goal in BenchmarkGoal.all {
      #expect(names.contains { goal.scenario == $0 || goal.scenario.hasPrefix("\($0)-") }, "\(goal.scenario)")
    }
    #expect(
      BenchmarkScenario.named("enqueue").map(\.description) == ["enqueue-1", "enqueue-8", "enqueue-64", "enqueue-512"])
    #expect(BenchmarkScenario.named("enqueue-6").isEmpty)
    #expect(
      Set(BenchmarkScenario.named("all"))
        == Set(BenchmarkScenario.short + BenchmarkScenario.ladder + BenchmarkScenario.large))
    #expect(Set(BenchmarkScenario.named("ladder")).isSuperset(of: BenchmarkScenario.named("inmemory")))
    #expect(Set(BenchmarkScenario.goals).isSubset(of: BenchmarkScenario.named("all")))
  }
}
