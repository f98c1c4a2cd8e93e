import ArgumentParser
import Foundation
import Testing
@testable import TomboloBenchmark

@Suite("A run of the benchmark", .timeLimit(.minutes(20)))
struct BenchmarkRunTests {
  /// A thousandth of everything, in a folder that is empty when `body` begins.
  private func run(
    _ scenarios: [BenchmarkScenario], _ engines: [BenchmarkEngine], passCount: Int = 1, peerProgram: String? = nil
  ) async throws -> (results: [BenchmarkResult], told: [BenchmarkResult], leftNames: [String]) {
    let folder = FileManager.default.temporaryDirectory.appending(path: "tombolo-run-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var settings = BenchmarkSettings()
    settings.scenarios = scenarios
    settings.engines = engines
    settings.roundCount = 1
    settings.passCount = passCount
    settings.scale = 0.001
    settings.folder = folder.path
    settings.program =
      URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: "tombolo-bench").path
    settings.peerProgram = peerProgram
    var told: [BenchmarkResult] = []
    let results = try await BenchmarkRun.measure(settings) { result, _ in told.append(result) }
    return (results, told, try FileManager.default.contentsOfDirectory(atPath: folder.path))
  }

  @Test(
    "Every scenario gives a result with every engine, and leaves nothing behind", arguments: BenchmarkEngine.allCases)
  func everything(engine: BenchmarkEngine) async throws {
    let scenarios = BenchmarkScenario.named("all")
    let (results, told, leftNames) = try await run(scenarios, [engine])
    #expect(told == results)
    #expect(leftNames.isEmpty)
    // The backlog has three rows.
    #expect(results.count == scenarios.count + 2)
    for result in results {
      #expect(result.engine == engine.rawValue)
      for value in [result.ratio, result.rate, result.floorRate, result.processorMicroseconds].compactMap({ $0 }) {
        #expect(value.isFinite && value > 0, "\(result.scenario)")
      }
      #expect(result.processorMicroseconds != nil, "\(result.scenario)")
      #expect(result.figures.values.allSatisfy { $0.isFinite && $0 >= 0 }, "\(result.scenario): \(result.figures)")
      #expect(!BenchmarkReport.line(result).isEmpty)
    }
    for name in ["enqueue-64", "deliver", "mixed", "backlog-enqueue-1", "backlog-settle", "delayed", "drain"] {
      let result = try #require(results.first { $0.scenario == name })
      #expect(try #require(result.latencies, "\(name)").p50 > 0, "\(name)")
    }
    for name in ["enqueue-1", "enqueue-64", "deliver"] {
      let figures = try #require(results.first { $0.scenario == name }).figures
      for figure in [StageFigures.operations, StageFigures.between, StageFigures.inCommit, StageFigures.engine] {
        #expect(try #require(figures[figure], "\(name): \(figure)") > 0)
      }
    }
    #expect(
      results.filter { $0.scenario.hasPrefix("backlog") || $0.scenario == "memory" }.allSatisfy { $0.state != nil })
    #expect(LadderTables.tables(results).count == 3)
    // A process that was started says what it is like, and not what this one is.
    let memory = try #require(results.first { $0.scenario == "memory" })
    #expect(try #require(memory.figures[FigureName.resident(1_000)]) > 1)
    let http = try #require(results.first { $0.scenario == "http" })
    #expect(try #require(http.latencies?.p50) > 0)
  }

  @Test(
    "Redis has a turn in each round of each engine; its row and the others' stand below ours, which tell how many times its rate they have"
  )
  func peers() async throws { try await expectPeers(passCount: 1) }

  @Test("So it is with several passes: Redis has its turns in all of them, the others are asked after the last")
  func peersOfPasses() async throws { try await expectPeers(passCount: 2) }

  private func expectPeers(passCount: Int) async throws {
    let program = FileManager.default.temporaryDirectory.appending(path: "tombolo-peers-\(UUID().uuidString)")
    let (draft, asked) = (program.appendingPathExtension("draft"), program.appendingPathExtension("asked"))
    try """
    #!/bin/sh
    echo "$@" >> '\(asked.path)'
    case "$*" in
    '--json --scenarios enqueue-64 --only redis --rounds 1 '*) echo '[{"peer": "redis", "rates": [2], "processorMicroseconds": 7}]' ;;
    '--json --scenarios enqueue-64 --without redis --rounds 1 '*) echo '[{"peer": "other", "rates": [9], "processorMicroseconds": 1}]' ;;
    *) exit 1 ;;
    esac

    """
    .write(to: draft, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: draft.path)
    // By another process: a child that this one is just starting would have the file open for writing, and then it cannot be run.
    let copying = try Process.run(URL(filePath: "/bin/cp"), arguments: ["-p", draft.path, program.path])
    copying.waitUntilExit()
    defer { for file in [draft, program, asked] { try? FileManager.default.removeItem(at: file) } }
    let (results, _, _) = try await run(
      [.enqueue(producerCount: 64), .enqueue(producerCount: 8)], [.file, .sqlite], passCount: passCount,
      peerProgram: program.path)
    #expect(results.map(\.engine) == ["file", "sqlite", "redis", "other", "file", "sqlite"])
    #expect(results[2].rate == 2)
    #expect(results[2].processorMicroseconds == 7)
    for ours in results.prefix(2) {
      #expect(ours.figures[FigureName.timesRedis] == ours.rate.map { $0 / 2 })
      #expect(ours.verdicts.contains { $0.figure == FigureName.timesRedis })
    }
    #expect(results[4].figures[FigureName.timesRedis] == nil)
    let asking = try String(contentsOf: asked, encoding: .utf8).split(separator: "\n")
    #expect(asking.count { $0.contains("--only redis") } == 2 * passCount)
    #expect(asking.count == 2 * passCount + 1)
  }

  @Test(
    "With several passes each row is told once, of the rounds of all, in the order in which the scenarios were named")
  func passes() async throws {
    let (results, told, _) = try await run(
      [.enqueue(producerCount: 8), .enqueue(producerCount: 64), .deliver], [.file, .lmdb], passCount: 3)
    #expect(told.count == results.count)
    #expect(Set(told) == Set(results))
    #expect(
      results.map { "\($0.scenario) \($0.engine)" } == [
        "enqueue-8 file", "enqueue-8 lmdb", "enqueue-64 file", "enqueue-64 lmdb", "deliver file", "deliver lmdb",
      ])
    #expect(results.map(\.ratios.count) == [1, 1, 3, 3, 3, 3])
  }

  @Test("What is compared comes first, last, and in between; the others come once, about as many in each gap")
  func schedule() {
    let others: [BenchmarkScenario] = [.drain, .recovery, .memory]
    let scenarios = [.drain, .enqueue(producerCount: 64), .recovery, .deliver, .memory] as [BenchmarkScenario]
    let thrice = BenchmarkSchedule.steps(scenarios, passCount: 3)
    #expect(
      thrice.map(\.scenario) == [
        .enqueue(producerCount: 64), .deliver, .drain, .enqueue(producerCount: 64), .deliver, .recovery, .memory,
        .enqueue(producerCount: 64), .deliver,
      ])
    #expect(thrice.map(\.isLast) == [false, false, true, false, false, true, true, true, true])
    #expect(BenchmarkSchedule.steps(scenarios, passCount: 1).map(\.scenario) == scenarios)
    #expect(BenchmarkSchedule.steps(others, passCount: 9).map(\.scenario) == others)
    #expect(BenchmarkSchedule.steps([.deliver], passCount: 2).map(\.isLast) == [false, true])
  }

  @Test("No passes at all are refused, with what is wrong")
  func passCount() throws {
    #expect(try BenchCommand.parse(["--passes", "3"]).settings().passCount == 3)
    let error = #expect(throws: (any Error).self) { try BenchCommand.parse(["--passes", "0"]) }
    #expect(error.map { BenchCommand.message(for: $0).contains("--passes: 0 is not a positive number") } == true)
  }

  @Test("What two names stand for is measured once, where it is named first")
  func named() throws {
    let command = try BenchCommand.parse([
      "--scenarios", "deliver,goals,ladder,enqueue-64", "--engines", "lmdb,file,lmdb",
    ])
    let settings = try command.settings()
    #expect(settings.scenarios.first == .deliver)
    #expect(settings.scenarios.count == Set(settings.scenarios).count)
    #expect(Set(settings.scenarios) == Set(BenchmarkScenario.goals + BenchmarkScenario.ladder))
    #expect(settings.engines == [.lmdb, .file])
  }

  @Test("A peer program that fails ends the run, and says which it was")
  func failingPeers() async throws {
    let error = try await #require(throws: BenchmarkError.self) {
      try await run([.enqueue(producerCount: 1)], [.file], peerProgram: "/bin/false")
    }
    #expect(error.description == "/bin/false ended with status 1")
  }

  @Test("A process that cannot fill a store ends the run, and nothing is left")
  func failingChild() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "tombolo-run-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var settings = BenchmarkSettings()
    settings.folder = folder.path
    settings.program = "/bin/false"
    settings.scenarios = [.memory]
    let measured = settings
    await #expect(throws: BenchmarkError.self) { try await BenchmarkRun.measure(measured) { _, _ in } }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
  }
}
