import Foundation
import Testing

/// `tombolo bench`: the real program, with a thousandth of everything.
@Suite("The benchmark from the command line", .serialized, .timeLimit(.minutes(15)))
struct BenchTests {
  /// A folder of its own, so that what is left there is seen.
  private func withFolder(_ body: (URL) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "tombolo-bench-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let result: Result<Void, any Error>
    do { result = .success(try await body(folder)) } catch { result = .failure(error) }
    try FileManager.default.removeItem(at: folder)
    try result.get()
  }

  @Test("it prints JSON and nothing else, also for what is measured in a process of its own")
  func json() async throws {
    try await withFolder { folder in
      let ended = try await RunningProgram.run(
        "tombolo",
        [
          "bench", "--json", "--scenarios", "memory,enqueue-1", "--engines", "sqlite", "--scale", "0.001", "--rounds",
          "1",
          "--folder", folder.path,
        ])
      #expect(ended.status == 0, "\(ended.errors.prefix(500))")
      // That it is a debug build, or a folder in memory.
      #expect(
        ended.errors.split(separator: "\n").allSatisfy { $0.hasPrefix("warning: ") }, "\(ended.errors.prefix(500))")
      let record = try #require(try JSONSerialization.jsonObject(with: Data(ended.output.utf8)) as? [String: Any])
      #expect(record["roundCount"] as? Int == 1)
      #expect(record["scale"] as? Double == 0.001)
      let results = try #require(record["results"] as? [[String: Any]])
      #expect(results.compactMap { $0["scenario"] as? String } == ["memory", "enqueue-1"])
      #expect(results.allSatisfy { $0["engine"] as? String == "sqlite" })
      let figures = try #require(results[0]["figures"] as? [String: Double])
      #expect(try #require(figures["resident MiB at work, with 1000 stored"]) > 1)
      #expect(try #require(results[1]["ratio"] as? Double) > 0)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }
  }

  @Test(
    "a wrong option is wrong usage, and the message says what there is",
    arguments: [
      (["--scenarios", "warp"], "--scenarios: there is no scenario warp; there are enqueue-1, "),
      (["--engines", "paper"], "--engines: there is no engine paper; there are file, sqlite, lmdb"),
      (["--scale", "0"], "--scale: 0.0 is not between 0 and 1,000"),
      (["--folder", "/nowhere/at/all"], "--folder: /nowhere/at/all is no folder"),
    ])
  func wrongOption(arguments: [String], message: String) async throws {
    let ended = try await RunningProgram.run("tombolo", ["bench"] + arguments)
    #expect(ended.status == 2)
    #expect(ended.errors.contains(message), "\(ended.errors.prefix(500))")
    #expect(ended.output.isEmpty)
  }

  @Test(
    "interrupted, it removes what it has written, and ends as the signal would end it", arguments: [SIGINT, SIGTERM])
  func interrupted(signal: Int32) async throws {
    try await withFolder { folder in
      let program = try RunningProgram(
        "tombolo",
        [
          "bench", "--scenarios", "open-1000,enqueue-64", "--engines", "file", "--scale", "10", "--rounds", "1",
          "--folder", folder.path,
        ])
      // The store that this row has filled is there until the end, and the next row takes long.
      _ = try await program.line { $0.hasPrefix("open-1000") }
      #expect(try !FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
      program.signal(signal)
      #expect(await program.waitForExit() == 128 + signal)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }
  }
}
