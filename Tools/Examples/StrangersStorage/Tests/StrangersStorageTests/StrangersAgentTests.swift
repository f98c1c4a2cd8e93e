#if Agent
  import Foundation
  import Testing

  /// `strangers-tombolo`, the agent with `SnapshotStore` compiled in, as a process of its own.
  @Suite("An agent of one's own", .timeLimit(.minutes(2)))
  struct StrangersAgentTests {
    @Test("What is enqueued is durable in the registered store: it survives kill -9 and is delivered in its order")
    func delivers() throws {
      let folder = FileManager.default.temporaryDirectory.appending(path: "strangers-\(UUID().uuidString)")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(at: folder) }
      // A port that is free: one that the upstream was given, and left again.
      let probe = try Child("example-upstream", "--port", "0")
      let port = try #require(try probe.line(containing: "listening on").split(separator: ":").last)
      probe.kill()
      let config = folder.appending(path: "tombolo.yaml").path
      try """
      agent: { listen: "unix:\(folder.path)/agent" }
      storage: { type: snapshot, path: \(folder.path)/data }
      network: { probe: { type: http, url: "http://127.0.0.1:\(port)/health", interval: 200ms, timeout: 1s } }
      delivery: { type: http, baseURL: "http://127.0.0.1:\(port)" }
      """.write(toFile: config, atomically: true, encoding: .utf8)

      let first = try Child("strangers-tombolo", "run", "--config", config)
      _ = try first.line(containing: "listening on")
      for number in 1...3 {
        let data = #"{"number":\#(number)}"#
        let enqueue = try Child(
          "strangers-tombolo", "enqueue", "--config", config, "--kind", "note\(number)", "--key", "a", "--data", data)
        #expect(enqueue.waitForEnd() == 0)
      }
      first.kill()
      #expect(FileManager.default.fileExists(atPath: "\(folder.path)/data/snapshot"))

      let upstream = try Child("example-upstream", "--port", String(port), "--verbose")
      defer { upstream.kill() }
      _ = try upstream.line(containing: "listening on")
      let second = try Child("strangers-tombolo", "run", "--config", config)
      defer { second.kill() }
      for number in 1...3 { #expect(try upstream.line(containing: "note").contains("note\(number)")) }
    }

    @Test("The registered plugin is listed beside the ones that come with the program")
    func listed() throws {
      let plugins = try Child("strangers-tombolo", "plugins")
      _ = try plugins.line(containing: "storage.snapshot")
      #expect(plugins.waitForEnd() == 0)
    }
  }

  /// A program that was built beside these tests, and what it prints.
  private final class Child {
    struct Ended: Error { var name: String }

    private let process = Process()
    private let output = Pipe()
    private var lines: [Substring] = []
    private var unfinished = ""

    init(_ name: String, _ arguments: String...) throws {
      process.executableURL = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: name)
      process.arguments = arguments
      process.standardOutput = output
      try process.run()
    }

    deinit { kill() }

    /// The next line of standard output with this text in it. Blocks until it comes.
    func line(containing text: String) throws -> String {
      while true {
        while !lines.isEmpty {
          let line = lines.removeFirst()
          if line.contains(text) { return String(line) }
        }
        let data = output.fileHandleForReading.availableData
        guard !data.isEmpty else { throw Ended(name: process.executableURL?.lastPathComponent ?? "") }
        let parts = (unfinished + String(decoding: data, as: UTF8.self)).split(
          separator: "\n", omittingEmptySubsequences: false)
        lines += parts.dropLast()
        unfinished = String(parts.last ?? "")
      }
    }

    func waitForEnd() -> Int32 {
      process.waitUntilExit()
      return process.terminationStatus
    }

    /// `kill -9`, and no return before it is gone.
    func kill() {
      guard process.isRunning else { return }
      Foundation.kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
    }
  }
#endif
