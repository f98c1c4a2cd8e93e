import Foundation
import Testing
import TomboloPorts
import TomboloTesting

@testable import storage_load

/// Two programs work on one store, and one of them is killed: in the middle of a commit, maybe, with the engine's locks in its hands.
@Suite("A store that processes share, one of which is killed", .serialized)
struct SharedKillTests {
  private static var roundCount: Int {
    ProcessInfo.processInfo.environment["TOMBOLO_NIGHTLY"] == "1" ? 200 : 20
  }

  @Test(
    "serves the other one on, lets a third in, and keeps every acknowledged commit of all, kill after kill",
    arguments: StorageEngine.tested.filter(\.canBeShared))
  func kill(engine: StorageEngine) async throws {
    let seed = UInt64.random(in: .min ... .max)
    var random = SeededGenerator(seed: seed)
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tombolo-\(UUID().uuidString)")
    defer {
      do { try FileManager.default.removeItem(at: folder) } catch { Issue.record(error) }
    }
    var ledger = Ledger(seed: seed)
    for round in 0..<Self.roundCount {
      var pair = try [0, 1].map { try Participant(engine, folder, round: 3 * round + $0, &random) }
      for index in pair.indices {
        // Killed while it opens the store, or while it writes.
        let lineCount = Int.random(in: 0..<4, using: &random) == 0 ? 0 : Int.random(in: 1...60, using: &random)
        await pair[index].read(lineCount)
      }
      let killed = Int.random(in: 0...1, using: &random)
      await pair[killed].kill()
      // What the other wrote before is no sign of life.
      await pair[1 - killed].readAllSoFar()
      await pair[1 - killed].read(10)
      // A third one comes beside the other, or finds what two killed ones have left.
      let isAlone = Bool.random(using: &random)
      if isAlone { await pair[1 - killed].kill() }
      var third = try Participant(engine, folder, round: 3 * round + 2, &random, commitCount: 5)
      await third.readToEnd()
      #expect(third.lines.last == "done", "seed \(seed), round \(round): the third program failed: \(third.lines)")
      if !isAlone { await pair[1 - killed].kill() }
      for one in pair {
        #expect(one.ranUntilKilled, "seed \(seed), round \(round): it ended by itself: \(one.lines.suffix(3))")
      }
      for participant in pair + [third] {
        ledger.note(participant.acknowledgements, round: participant.round, producerCount: participant.producerCount)
      }
      guard round == Self.roundCount - 1 || Bool.random(using: &random) else { continue }
      // Alone it is looked through for damage; shared it is opened as the programs do.
      let store = try await engine.open(
        path: folder.path, durability: .none, isShared: Bool.random(using: &random))
      try await ledger.audit(store, isComplete: round == Self.roundCount - 1)
      try await store.close()
    }
    print(
      "\(engine.rawValue), shared: \(ledger.acknowledgedCount) commits acknowledged in \(Self.roundCount) rounds of three "
        + "programs, seed \(seed)")
    #expect(ledger.acknowledgedCount > Self.roundCount * 15, "seed \(seed)")
  }

  /// One of the programs, and what it said.
  private struct Participant {
    let round: Int
    let producerCount: Int
    private(set) var lines: [Substring] = []
    private(set) var ranUntilKilled = false
    private let process: LoadProcess

    init(
      _ engine: StorageEngine, _ folder: URL, round: Int, _ random: inout SeededGenerator, commitCount: Int = 1_000_000
    ) throws {
      self.round = round
      producerCount = Int.random(in: 1...3, using: &random)
      let durability = StoreDurability.allCases.randomElement(using: &random) ?? .full
      process = try LoadProcess([
        "--engine", engine.rawValue, "--path", folder.path, "--durability", durability.rawValue, "--producers",
        "\(producerCount)", "--round", "\(round)", "--grouped", "\(Bool.random(using: &random))", "--shared", "true",
        "--commits", "\(commitCount)", "--seconds", "900",
      ])
    }

    var acknowledgements: [Acknowledgement] { lines.compactMap { Acknowledgement(line: $0) } }

    mutating func read(_ count: Int) async {
      for _ in 0..<count {
        guard let line = await process.line() else { return }
        lines.append(line)
      }
    }

    mutating func readAllSoFar() async {
      let more = await process.linesSoFar()
      lines += more
    }

    mutating func readToEnd() async {
      while let line = await process.line() { lines.append(line) }
    }

    mutating func kill() async {
      ranUntilKilled = await process.kill()
      await readToEnd()
    }
  }
}
