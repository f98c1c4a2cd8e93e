import Foundation
import Testing
import TomboloPorts
import TomboloTesting

@testable import storage_load

@Suite("A store whose system calls fail")
struct FailEachCallTests {
  private static let isNightly = ProcessInfo.processInfo.environment["TOMBOLO_NIGHTLY"] == "1"
  /// How many faults an engine gets in a normal run.
  private static let sampleCount = 12
  private static let stepCount = 8

  @Test(
    "keeps every acknowledged commit, applies nothing it refused, and neither hangs nor crashes, whichever call fails",
    arguments: StorageEngine.tested)
  func failEachCall(engine: StorageEngine) async throws {
    let seed = UInt64.random(in: .min ... .max)
    var random = SeededGenerator(seed: seed)
    var trials: [FaultTrial] = []
    for isReopening in [false, true] {
      let none = FaultTrial(
        engine: engine, fault: Fault(kind: .fileSizeLimit(.max)), isReopening: isReopening, stepCount: Self.stepCount)
      let counts = try await none.callCounts()
      for (name, errors) in Fault.calls {
        for error in errors {
          // One more than there are: a run in which nothing fails any more.
          for number in 1...counts[name, default: 0] + 1 {
            var trial = none
            trial.fault = Fault(kind: .call(name, error: error, number: number))
            trials.append(trial)
          }
        }
      }
    }
    let allCount = trials.count
    if !Self.isNightly { trials = Array(trials.shuffled(using: &random).prefix(Self.sampleCount)) }
    var counts: [String: Int] = [:]
    for trial in trials {
      guard try await trial.run(), case .call(let name, let error, _) = trial.fault.kind else { continue }
      counts["\(name) \(error)", default: 0] += 1
    }
    let report = counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    print("\(engine.rawValue): \(trials.count) of \(allCount) runs, seed \(seed); failed: \(report)")
    #expect(!counts.isEmpty, "seed \(seed)")
  }

  @Test(
    "keeps every acknowledged commit, and applies nothing it refused, when writes stop in the middle",
    arguments: StorageEngine.tested)
  func shortWrites(engine: StorageEngine) async throws {
    let seed = UInt64.random(in: .min ... .max)
    var random = SeededGenerator(seed: seed)
    var failureCount = 0
    let trialCount = Self.isNightly ? 100 : 3
    for index in 0..<trialCount {
      // Above the reserves, whose room a store must have to open, and below what the steps take.
      let limit = Int.random(in: 1_050_000...1_500_000, using: &random)
      let trial = FaultTrial(
        engine: engine, fault: Fault(kind: .fileSizeLimit(limit)), isReopening: index % 2 == 1, stepCount: 900,
        durability: .none)
      if try await trial.run() { failureCount += 1 }
    }
    print("\(engine.rawValue): \(failureCount) of \(trialCount) runs had writes that stop in the middle, seed \(seed)")
    #expect(failureCount > 0, "seed \(seed)")
  }
}
