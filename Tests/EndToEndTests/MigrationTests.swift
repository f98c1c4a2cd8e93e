import Foundation
import Testing

/// `tombolo storage migrate` with real processes, each killed while it copies.
@Suite("A store goes through every engine, killed on each way, and arrives as it was", .serialized)
struct MigrationTests {
  /// 2,000 operations; with `TOMBOLO_NIGHTLY=1` 200,000.
  static let operationCount = ProcessInfo.processInfo.environment["TOMBOLO_NIGHTLY"] == "1" ? 200_000 : 2_000

  @Test("sqlite to lmdb to file to sqlite: the same records in the same order, the same counts")
  func roundTrip() async throws {
    try await Scene.with { scene in
      try await fill(scene)
      var source = scene.configuration.path
      let original = try await dump(source, to: scene.folder.appending(path: "original"))
      var digests: Set<String> = []
      for (engine, percent) in [(Engine.lmdb, 10), (.file, 20), (.sqlite, 40)] {
        let start = ContinuousClock.now
        let data = scene.folder.appending(path: "copy-\(engine)")
        let target = try scene.write("\(engine).yaml", "{ type: \(engine), path: \(data.path) }")
        let copy = try await migrateKilled(from: source, to: target, data, at: percent)
        digests.insert(copy.digest)
        let isSame = try await dump(target, to: scene.folder.appending(path: "dump-\(engine)")) == original
        #expect(isSame, "\(source) and \(target) differ")
        print(
          "to \(engine): \(copy.recordCount) records, killed with \(copy.recordCount - copy.copiedCount) of them copied, "
            + "attempt \(copy.attempt), resumed in \(copy.duration), all in \(ContinuousClock.now - start)")
        source = target
      }
      #expect(digests.count == 1, "\(digests)")
      try await expectCounts(scene, in: scene.folder.appending(path: "copy-sqlite"))
    }
  }

  /// Lets an agent without a network take the operations.
  private func fill(_ scene: Scene) async throws {
    let agent = try await scene.startAgent()
    for start in stride(from: 0, to: Self.operationCount, by: 500) {
      let drafts = (start..<start + 500).map { #"{"kind":"k","orderingKey":"o\#($0 % 97)","payload":{"n":\#($0)}}"# }
      let body = #"{"operations":[\#(drafts.joined(separator: ","))]}"#
      let answer = try await Web.send("POST", agent.url + "/v1/operations", body)
      #expect(answer.status == 202)
    }
    agent.program.signal(SIGTERM)
    #expect(await agent.program.waitForExit() == 0)
  }

  private struct Copy {
    var recordCount: Int
    /// By the second run.
    var copiedCount: Int
    var digest: String
    var attempt: Int
    /// Of the second run.
    var duration: Duration
  }

  /// Kills a migration that has copied this share, and not everything, and runs it again to its end.
  ///
  /// Between the line that says how far it is and the kill, it may come to the end of the copy; then all of this is done
  /// again, on a busy machine more than once. What the second run says it copied tells.
  private func migrateKilled(from source: String, to target: String, _ data: URL, at percent: Int) async throws -> Copy
  {
    let arguments = ["storage", "migrate", "--from", source, "--to", target]
    for attempt in 1...50 {
      if FileManager.default.fileExists(atPath: data.path) { try FileManager.default.removeItem(at: data) }
      let killed = try RunningProgram("tombolo", arguments)
      let line = await killed.errorLine { line in
        guard line.hasPrefix("copying"), let share = line.firstMatch(of: #/(\d+)%/#).flatMap({ Int($0.1) }) else {
          return false
        }
        return share >= percent
      }
      await killed.killAndWait()
      guard line != nil else {
        throw RunningProgram.Failure(description: "it told of no progress: \(await killed.rest())")
      }
      let refused = try await RunningProgram.run("tombolo", ["storage", "dump", "--config", target])
      let clock = ContinuousClock()
      var resumed = (status: Int32(0), output: "", errors: "")
      let duration = try await clock.measure { resumed = try await RunningProgram.run("tombolo", arguments) }
      #expect(resumed.status == 0, "\(resumed.errors)")
      guard let counts = resumed.output.firstMatch(of: #/(\d+) of (\d+) records copied now/#),
        let copied = Int(counts.1), let total = Int(counts.2),
        let digest = resumed.output.firstMatch(of: #/SHA-256 ([0-9a-f]{64})/#)
      else { throw RunningProgram.Failure(description: "no counts in \(resumed.output)") }
      guard copied > 0, copied < total else { continue }
      #expect(refused.status == 1, "half a copy is no store")
      #expect(refused.errors.contains("migration that has not ended"), "\(refused.errors)")
      return Copy(
        recordCount: total, copiedCount: copied, digest: String(digest.1), attempt: attempt, duration: duration)
    }
    throw RunningProgram.Failure(description: "no kill of fifty came between the first and the last record")
  }

  /// All keys and values in order, as bytes: comparing them costs little, and nobody prints what differs.
  private func dump(_ configuration: String, to file: URL) async throws -> Data {
    let arguments = ["storage", "dump", "--no-revisions", "--config", configuration]
    let result = try await RunningProgram.run("tombolo", arguments, outputFile: file)
    #expect(result.status == 0, "\(result.errors)")
    let bytes = try Data(contentsOf: file, options: .mappedIfSafe)
    let lineCount = bytes.withUnsafeBytes { bytes in bytes.count { $0 == 0x0A } }
    #expect(lineCount > Self.operationCount)
    return bytes
  }

  /// The queue on the copy has the counts of the first one.
  private func expectCounts(_ scene: Scene, in data: URL) async throws {
    let text = try String(contentsOf: scene.configuration, encoding: .utf8)
    try text.replacing("path: \(scene.data.path)", with: "path: \(data.path)")
      .write(to: scene.configuration, atomically: true, encoding: .utf8)
    let agent = try await scene.startAgent()
    let status = try await Web.send("GET", agent.url + "/v1/status")
    // Some may be tried at this very moment, or have been: nobody listens, and that is found out by trying.
    let waiting = try ["pending", "blocked", "delivering", "retrying"].map {
      try status.value("queue.\($0)", as: Int.self)
    }
    #expect(waiting.reduce(0, +) == Self.operationCount, "\(waiting)")
    agent.program.signal(SIGTERM)
    #expect(await agent.program.waitForExit() == 0)
  }
}
