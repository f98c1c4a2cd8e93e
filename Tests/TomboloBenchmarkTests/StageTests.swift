import Foundation
import Histogram
import Testing
import TomboloPorts
import TomboloQueue
import TomboloStorage
@testable import TomboloBenchmark

@Suite("Where the time of a commit goes")
struct StageTests {
  private static let put = Mutation.put(Key("a"), [1, 2, 3])

  @Test("What came before the beginning and after the end does not count, and the engine is given it all up to the end")
  func bounds() async throws {
    let store = WatchedStore(InMemoryStore())
    _ = try await store.commit([Batch(mutations: [Self.put])])
    store.stages.begin()
    _ = try await store.commit([
      Batch(mutations: [Self.put]), Batch(mutations: [Self.put, .delete(Key("b"))]),
    ])
    #expect(try await store.get(Key("a"))?.value == [1, 2, 3])
    #expect(try await store.scan(KeyRange.all, limit: 9).count == 1)
    store.stages.end()
    _ = try await store.commit([Batch(mutations: [Self.put])])
    let reading = store.stages.reading
    #expect(reading.commitCount == 1)
    #expect(reading.batchCount == 2)
    #expect(reading.mutationCount == 3)
    #expect(reading.reading > .zero)
    #expect(store.stages.log.commits.map(\.count) == [1, 3])
    #expect(store.stages.log.earlierCount == 1)
  }

  @Test("The time in commits and that between them are the whole, also when two are under way at once")
  func whole() {
    let stages = StageClock()
    let batches = [Batch(mutations: [Self.put])]
    let outer = ContinuousClock.now
    stages.begin()
    let inner = ContinuousClock.now
    stages.enter(batches)
    stages.enter(batches)
    stages.leave()
    let leaving = ContinuousClock.now
    stages.leave()
    stages.answered()
    stages.answered()
    let innerEnd = ContinuousClock.now
    stages.end()
    let outerEnd = ContinuousClock.now
    let reading = stages.reading
    #expect(reading.commitCount == 2)
    #expect(reading.between > .zero)
    #expect(reading.inCommit > .zero)
    #expect(reading.inCommit <= inner.duration(to: innerEnd))
    #expect(reading.between + reading.inCommit >= inner.duration(to: innerEnd))
    #expect(reading.between + reading.inCommit <= outer.duration(to: outerEnd))
    // Somebody waited for the second commit alone, and two had their answer.
    #expect(reading.wayBackCount == 2)
    #expect(reading.lastWayBackCount == 1)
    #expect(reading.lastWayBack <= leaving.duration(to: innerEnd))
    #expect(reading.wayBack >= reading.lastWayBack)
  }

  @Test("Figures are means for each commit, and floors for as many operations")
  func figures() {
    var stages = StageClock.Reading()
    (stages.commitCount, stages.batchCount, stages.mutationCount) = (10, 10, 1_290)
    (stages.between, stages.inCommit, stages.reading) = (.milliseconds(3), .milliseconds(5), .milliseconds(1))
    (stages.wayBack, stages.wayBackCount) = (.milliseconds(64), 640)
    (stages.lastWayBack, stages.lastWayBackCount) = (.milliseconds(2), 10)
    var replay = EngineReplay.Reading()
    replay.commitCount = 10
    (replay.handOver, replay.engine, replay.wayBack) = (.microseconds(100), .milliseconds(4), .microseconds(200))
    let figures = StageFigures.figures(
      stages, replay, operationCount: 640, turn: Meter.Reading(rate: 80_000, processorMicroseconds: 20),
      floorRate: 320_000)
    let expected = [
      StageFigures.operations: 64, StageFigures.batches: 1, StageFigures.mutations: 129, StageFigures.between: 300,
      StageFigures.inCommit: 500, StageFigures.reading: 100, StageFigures.floor: 200, StageFigures.floorsBetween: 1.5,
      StageFigures.floorsInCommit: 2.5, StageFigures.processors: 1.6, StageFigures.wayBack: 100,
      StageFigures.lastWayBack: 200, StageFigures.handOver: 10, StageFigures.engine: 400,
      StageFigures.engineWayBack: 20, StageFigures.floorsInEngine: 2,
    ]
    #expect(figures.keys.sorted() == expected.keys.sorted())
    for (name, value) in expected { #expect(abs((figures[name] ?? .nan) - value) < 1e-6, "\(name)") }
    // Without an engine and producers nothing is told of them.
    stages.wayBackCount = 0
    let fewer = StageFigures.figures(
      stages, nil, operationCount: 640, turn: Meter.Reading(rate: 80_000, processorMicroseconds: 20), floorRate: 320_000
    )
    #expect(fewer[StageFigures.engine] == nil)
    #expect(fewer[StageFigures.wayBack] == nil)
  }

  @Test(
    "An engine given the same commits has the same records, and only those that count are timed",
    arguments: BenchmarkEngine.allCases)
  func replay(engine: BenchmarkEngine) async throws {
    var settings = BenchmarkSettings()
    settings.folder = FileManager.default.temporaryDirectory.path
    let commits: [[Mutation]] = [[Self.put], [.put(Key("b"), []), .delete(Key("missing"))], [.delete(Key("a"))]]
    let reading = try await settings.withFolder {
      try await EngineReplay(engine: engine).measure((commits[...], 1), in: $0)
    }
    let counts = try await settings.withFolder { folder in
      let floor = try engine.recordsFloor(in: folder)
      for mutations in commits { try floor.commit(mutations) }
      try floor.commit([.put(Key("b"), [7]), .put(Key("c"), [8, 9])])
      return try [["a"], ["b"], ["c"], ["a", "b", "c"]].map { try floor.read($0.map { Array($0.utf8) }) }
    }
    #expect(reading.commitCount == 2)
    #expect(reading.engine > .zero)
    #expect(counts == [0, 1, 1, 2])
  }

  @Test("Settling is timed from the claim, or from when it was stored, once for each operation")
  func settleTimes() {
    let ids = (0..<3).map { OperationID(high: 1, low: UInt64($0)) }
    let due = Timestamp(millisecondsSinceEpoch: 0)
    let failure = DeliveryFailure(.refused, "no")
    let changes: [(Int, QueueEvent.Change)] = [
      (0, .enqueued), (1, .enqueued), (2, .enqueued), (0, .started(attempt: 1)), (1, .started(attempt: 1)),
      (0, .retried(failure, due: due)), (0, .started(attempt: 2)), (0, .delivered(attempt: 2)),
      (1, .deadLettered(failure)), (2, .delivered(attempt: 1)), (2, .delivered(attempt: 1)),
    ]
    let (stored, claimed) = (SettleTimes(from: .stored), SettleTimes(from: .claimed))
    for (index, change) in changes {
      let event = QueueEvent(id: ids[index], kind: "k", change: change, at: due)
      for times in [stored, claimed] { times.receive(event) }
    }
    #expect(stored.histogram.totalCount == 3)
    #expect(claimed.histogram.totalCount == 2)
  }
}
