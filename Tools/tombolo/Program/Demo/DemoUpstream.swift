import ExampleUpstream
import TomboloPorts

/// The demo's outside: a real server that can go away and come back on the same port, with its memory.
struct DemoUpstream: Sendable {
  let memory = UpstreamMemory()

  /// Serves while `body` runs, or until `body` stops the server.
  ///
  /// - Parameter port: 0 for any that is free; `body` is told which.
  func serve<Result: Sendable>(
    port: Int = 0, _ body: (UpstreamServer, Int) async throws -> Result
  ) async throws -> Result {
    let server = UpstreamServer(port: port, memory: memory)
    return try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await server.run() }
      let boundPort: Int
      do {
        boundPort = try await server.boundPort()
      } catch {
        // The server itself knows better why it ended.
        try await group.waitForAll()
        throw error
      }
      let result = try await body(server, boundPort)
      await server.stop()
      try await group.waitForAll()
      return result
    }
  }

  private static let takenAttemptCountMaximum = 300
  private static let takenInterval = Duration.milliseconds(100)

  /// Serves on a port that it has had before, once it can be had again.
  ///
  /// While the server was away the system may have given the port to another program, mostly for a connection that is soon over.
  /// So a port that is taken is asked for again, for half a minute.
  ///
  /// - Parameter whenTaken: called the first time that it is taken.
  func serveAgain<Result: Sendable>(
    port: Int, time: any TimeSource, whenTaken: () async -> Void,
    body: (UpstreamServer, Int) async throws -> Result
  ) async throws -> Result {
    var takenCount = 0
    while true {
      do {
        return try await serve(port: port, body)
      } catch let error as UpstreamError where error.isPortTaken && takenCount < Self.takenAttemptCountMaximum {
        takenCount += 1
        if takenCount == 1 { await whenTaken() }
        try await time.sleep(for: Self.takenInterval)
      }
    }
  }

  /// Takes its time with everything, so that one can follow.
  func behaveWell(answerMilliseconds: Int) {
    var slow = UpstreamBehaviour(.delay)
    slow.milliseconds = answerMilliseconds
    memory.behaviours = [slow]
  }

  /// Comes back in a bad mood: one kind refused for good, some calls throttled or failed, and one accepted whose answer is
  /// lost, so that it must come again.
  func behaveBadly(answerMilliseconds: Int) {
    behaveWell(answerMilliseconds: answerMilliseconds)
    memory.behaviours =
      [
        UpstreamBehaviour(status: 400, kind: DemoOperation.refused.kind, body: "this name is taken"),
        UpstreamBehaviour(status: 429, kind: DemoOperation.message, times: 2, retryAfter: 1),
        UpstreamBehaviour(status: 500, kind: DemoOperation.photo, times: 3),
        UpstreamBehaviour(.acceptThenReset, kind: DemoOperation.profile, times: 1),
      ] + memory.behaviours
  }
}
