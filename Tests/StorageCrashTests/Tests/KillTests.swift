import Foundation
import Testing
import TomboloPorts
import TomboloTesting

@testable import storage_load

@Suite("A store whose process is killed", .serialized)
struct KillTests {
  private static var roundCount: Int {
    ProcessInfo.processInfo.environment["TOMBOLO_NIGHTLY"] == "1" ? 200 : 20
  }

  @Test(
    "keeps every acknowledged commit, holds no half of one, and never gives a revision twice, kill after kill",
    arguments: StorageEngine.tested)
  func kill(engine: StorageEngine) async throws {
    let seed = UInt64.random(in: .min ... .max)
    var random = SeededGenerator(seed: seed)
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tombolo-\(UUID().uuidString)")
    defer {
      do { try FileManager.default.removeItem(at: folder) } catch { Issue.record(error) }
    }
    var ledger = Ledger(seed: seed)
    for round in 0..<Self.roundCount {
      let producerCount = Int.random(in: 1...4, using: &random)
      let durability = StoreDurability.allCases.randomElement(using: &random) ?? .full
      let load = try LoadProcess([
        "--engine", engine.rawValue, "--path", folder.path, "--durability", durability.rawValue, "--producers",
        "\(producerCount)", "--round", "\(round)", "--grouped", "\(Bool.random(using: &random))",
      ])
      // Killed while it opens the store, or while it writes, or while the first commits are made.
      let lineCount = Int.random(in: 0..<8, using: &random) == 0 ? 0 : Int.random(in: 1...150, using: &random)
      var lines: [Substring] = []
      while lines.count < lineCount, let line = await load.line() { lines.append(line) }
      await load.kill()
      while let line = await load.line() { lines.append(line) }
      #expect(lineCount == 0 || lines.count >= lineCount, "seed \(seed), round \(round): the program ended by itself")
      ledger.note(lines.compactMap { Acknowledgement(line: $0) }, round: round, producerCount: producerCount)
      // Not every time, so that the next program too opens what a kill has left.
      guard round == Self.roundCount - 1 || Bool.random(using: &random) else { continue }
      let store = try await engine.open(path: folder.path, durability: .none)
      try await ledger.audit(store, isComplete: round == Self.roundCount - 1)
      try await store.close()
    }
    print(
      "\(engine.rawValue): \(ledger.acknowledgedCount) commits acknowledged in \(Self.roundCount) rounds, seed \(seed)")
    #expect(ledger.acknowledgedCount > Self.roundCount, "seed \(seed)")
  }
}
