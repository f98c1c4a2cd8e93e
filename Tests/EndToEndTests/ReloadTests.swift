import Foundation
import Synchronization
import Testing

/// A configuration that is changed under a running agent: all of it counts, or nothing does, and no operation notices.
@Suite("A reload is all or nothing", .serialized)
struct ReloadTests {
  private static let reloadCount = 300

  @Test("300 reloads under load, every other one of a broken file: nothing is lost, nothing grows")
  func underLoad() async throws {
    try await Scene.with { scene in
      let upstream = try await scene.startUpstream()
      let agent = try await scene.startAgent()
      let good = try String(contentsOf: scene.configuration, encoding: .utf8)
      let load = Load(url: agent.url)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for producer in 0..<4 { group.addTask { try await load.run(producer) } }
        // Connections come and go with the load, so what counts is the most there is over equal stretches. What is loaded
        // once, by the first reloads and requests, is no growth. Everything but connections is to be exactly as it was.
        let before = try await reload(scene, agent, good, 0..<24)
        _ = try await reload(scene, agent, good, 24..<Self.reloadCount)
        let after = try await reload(scene, agent, good, Self.reloadCount..<Self.reloadCount + 24)
        let meanwhileCount = load.acceptedCount
        load.stop()
        try await group.waitForAll()
        print(
          "\(Self.reloadCount) reloads: \(before) before, \(after) after, \(meanwhileCount) operations accepted meanwhile"
        )
        // Reloads do not wait for the disk, and what is posted does: how many there are is the disk's affair.
        #expect(meanwhileCount > 0)
        #expect(after.descriptors.keys.sorted() == before.descriptors.keys.sorted())
        for (kind, count) in after.descriptors {
          #expect(count <= (before.descriptors[kind] ?? 0) + (kind == "socket" ? 8 : 0), "\(kind)")
        }
        #expect(after.threadCount <= before.threadCount + 4)
        #expect(after.residentByteCount <= before.residentByteCount + 24 << 20)
      }
      // The last file was broken, and the one before it counts.
      try good.write(to: scene.configuration, atomically: true, encoding: .utf8)
      let idle = try await Web.ask(agent.url + "/v1/status") { status in
        try status.value("queue.delivered", as: Int.self) == load.acceptedCount
      }
      #expect(try idle.value("queue.delivered", as: Int.self) == load.acceptedCount)
      for state in ["pending", "delivering", "retrying", "blocked", "parked", "deadLettered"] {
        #expect(try idle.value("queue.\(state)", as: Int.self) == 0, "\(state)")
      }
      let summary = try await Web.send("GET", scene.upstreamURL + "/summary")
      #expect(try summary.value("accepted", as: Int.self) == load.acceptedCount)
      agent.program.signal(SIGTERM)
      #expect(await agent.program.waitForExit() == 0)
      await upstream.killAndWait()
    }
  }

  /// Reloads once for each number: even ones with a good file, odd ones with a broken one; every third by a signal. Answers
  /// with the most that the agent held on the way.
  private func reload(
    _ scene: Scene, _ agent: Agent, _ good: String, _ numbers: Range<Int>
  ) async throws -> ProcessFacts {
    var most = try ProcessFacts(agent.program.processID)
    for number in numbers {
      let isGood = number.isMultiple(of: 2)
      let key = isGood ? "concurrency" : "concurency"
      try "\(good)\nqueue: { \(key): \(4 + number % 8) }\n"
        .write(to: scene.configuration, atomically: true, encoding: .utf8)
      if number.isMultiple(of: 3) {
        agent.program.signal(SIGHUP)
        let line = await agent.program.errorLine { $0.contains("reloaded") }
        #expect(line?.contains("not reloaded") == !isGood, "\(number): \(line ?? "the agent ended")")
      } else {
        let answer = try await Web.send("POST", agent.url + "/v1/reload")
        #expect(answer.status == (isGood ? 200 : 422), "\(number): \(String(decoding: answer.body, as: UTF8.self))")
        _ = await agent.program.errorLine { $0.contains("reloaded") }
      }
      most.raise(to: try ProcessFacts(agent.program.processID))
    }
    return most
  }

  @Test("what cannot change live is named, the rest counts; a broken file is told with its line")
  func report() async throws {
    try await Scene.with { scene in
      let agent = try await scene.startAgent()
      let good = try String(contentsOf: scene.configuration, encoding: .utf8)
      let changed =
        good.replacingOccurrences(of: scene.data.path, with: scene.data.path + "2")
        .replacingOccurrences(of: "timeout: 10s\n", with: "timeout: 20s\n")
      try (changed + "\nlogging: { level: debug }\n").write(to: scene.configuration, atomically: true, encoding: .utf8)
      let answer = try await Web.send("POST", agent.url + "/v1/reload")
      #expect(answer.status == 200)
      #expect(try answer.value("needsRestart", as: [String].self) == ["storage.path"])
      #expect(try answer.value("changed", as: [String].self).sorted() == ["delivery.timeout", "logging.level"])
      let status = try await Web.send("GET", agent.url + "/v1/status")
      #expect(try status.value("storage.path", as: String.self) == scene.data.path)
      #expect(await agent.program.errorLine { $0.contains("debug") && $0.contains("/v1/status") } != nil)

      try (good + "\nqueue: { concurency: 1 }\n").write(to: scene.configuration, atomically: true, encoding: .utf8)
      let refused = try await Web.send("POST", agent.url + "/v1/reload")
      #expect(refused.status == 422)
      let detail: String = try refused.value("detail")
      for word in ["tombolo.yaml:", "concurency", "did you mean \"concurrency\"?", "Nothing was changed"] {
        #expect(detail.contains(word), "\(detail)")
      }
      agent.program.signal(SIGTERM)
      #expect(await agent.program.waitForExit() == 0)
    }
  }

  @Test("a token is changed without a restart: the old one counts no more")
  func token() async throws {
    try await Scene.with { scene in
      let token = scene.folder.appending(path: "token")
      try "first\n".write(to: token, atomically: true, encoding: .utf8)
      let program = try RunningProgram(
        "tombolo",
        ["run", "--config", scene.configuration.path, "--set", "agent.tokenFile=\(token.path)"], folder: scene.folder)
      let url = try await program.listeningURL()
      #expect(try await Web.send("GET", url + "/v1/status").status == 401)
      try "second\n".write(to: token, atomically: true, encoding: .utf8)
      program.signal(SIGHUP)
      #expect(await program.errorLine { $0.contains("reloaded") }?.contains("not reloaded") == false)
      for (number, word) in [401: "first", 200: "second"] {
        let result = try await RunningProgram.run(
          "tombolo",
          ["status", "--config", scene.configuration.path, "--set", "agent.token=\(word)"], folder: scene.folder)
        #expect(result.status == (number == 200 ? 0 : 1), "\(result.errors)")
      }
      program.signal(SIGTERM)
      #expect(await program.waitForExit() == 0)
      let rest = await program.rest()
      #expect(!rest.errors.contains("second"))
    }
  }
}

/// Producers that post until they are told to stop.
private final class Load: Sendable {
  private let url: String
  private let state = Mutex((acceptedCount: 0, isStopped: false))

  init(url: String) { self.url = url }

  var acceptedCount: Int { state.withLock { $0.acceptedCount } }

  func stop() { state.withLock { $0.isStopped = true } }

  func run(_ producer: Int) async throws {
    var number = 0
    while !state.withLock({ $0.isStopped }) {
      number += 1
      let body = #"{"kind":"load","orderingKey":"\#(producer)-\#(number % 8)","payload":{"n":\#(number)}}"#
      let answer = try await Web.send("POST", url + "/v1/operations", body)
      guard answer.status == 202 else {
        throw RunningProgram.Failure(description: "refused with \(answer.status) during a reload")
      }
      state.withLock { $0.acceptedCount += 1 }
    }
  }
}

/// What a process holds, by `/proc`.
private struct ProcessFacts: CustomStringConvertible {
  /// How many there are, by what they lead to: a path, `socket`, `pipe`, `anon_inode`.
  var descriptors: [String: Int] = [:]
  var threadCount: Int
  var residentByteCount: Int

  init(_ processID: pid_t) throws {
    let folder = "/proc/\(processID)/fd"
    for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
      // One that was closed meanwhile leads nowhere, and does not count.
      guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(name)") else {
        continue
      }
      descriptors[target.hasPrefix("/") ? target : String(target.prefix { $0 != ":" }), default: 0] += 1
    }
    threadCount = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(processID)/task").count
    let pages = try String(contentsOfFile: "/proc/\(processID)/statm", encoding: .utf8).split(separator: " ")
    residentByteCount = (pages.count > 1 ? Int(pages[1]) ?? 0 : 0) * Int(sysconf(Int32(_SC_PAGESIZE)))
  }

  mutating func raise(to other: ProcessFacts) {
    descriptors.merge(other.descriptors) { max($0, $1) }
    threadCount = max(threadCount, other.threadCount)
    residentByteCount = max(residentByteCount, other.residentByteCount)
  }

  var description: String {
    let kinds = descriptors.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
    return "\(kinds); \(threadCount) threads, \(residentByteCount >> 20) MiB"
  }
}
