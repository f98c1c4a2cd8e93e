import Foundation
import NIOHTTP1
import ServiceLifecycle
import Testing
import TomboloAgent
import TomboloNetwork
import TomboloPorts
import TomboloQueue
import TomboloStorage

@Suite("Where the agent listens")
struct ListeningTests {
  @Test(
    "An address is read as it is written in the config",
    arguments: [
      ("127.0.0.1:7117", AgentAddress.tcp(host: "127.0.0.1", port: 7117), "http://127.0.0.1:7117"),
      ("[::1]:0", .tcp(host: "::1", port: 0), "http://[::1]:0"),
      ("localhost:80", .tcp(host: "localhost", port: 80), "http://localhost:80"),
      ("unix:/run/t.sock", .unix(path: "/run/t.sock"), "unix:/run/t.sock"),
    ])
  func addresses(text: String, address: AgentAddress, description: String) throws {
    #expect(try AgentAddress(text) == address)
    #expect(address.description == description)
  }

  @Test(
    "What is no address is refused, with what to write",
    arguments: ["", "7117", "127.0.0.1", ":7117", "127.0.0.1:70000", "::1:7117", "host:http", "unix:"])
  func wrongAddresses(text: String) {
    let error = #expect(throws: AgentServerError.self) { try AgentAddress(text) }
    #expect(error?.code == .invalidAddress)
    #expect(error?.message.isEmpty == false)
  }

  @Test("A path longer than systems allow is refused")
  func longPath() {
    let error = #expect(throws: AgentServerError.self) {
      try AgentAddress("unix:/" + String(repeating: "x", count: 103))
    }
    #expect(error?.message.contains("has 104 bytes, and systems allow 103") == true)
  }

  @Test(
    "An address that other machines can reach needs a token",
    arguments: ["0.0.0.0", "::", "192.0.2.7", "agent.example", "128.0.0.1", "127.evil.example"])
  func tokenRequired(host: String) async throws {
    let error = await #expect(throws: AgentServerError.self) {
      try await Self.server(AgentServerConfiguration(address: .tcp(host: host, port: 0)))
    }
    #expect(error?.code == .tokenRequired)
    #expect(error?.message.contains(host) == true && error?.message.contains("set a bearer token") == true)
    _ = try await Self.server(AgentServerConfiguration(address: .tcp(host: host, port: 0), bearerToken: "secret"))
  }

  @Test("A token that no header can carry is refused", arguments: ["", "two words", "line\nbreak", "é"])
  func invalidToken(token: String) async throws {
    let error = await #expect(throws: AgentServerError.self) {
      try await Self.server(AgentServerConfiguration(bearerToken: token))
    }
    #expect(error?.code == .invalidToken)
    if !token.isEmpty { #expect(error?.message.contains(token) == false) }
  }

  @Test("A port that is taken is an error that names it")
  func portTaken() async throws {
    try await AgentWorld.run { world in
      let error = await Self.failure(of: .tcp(host: "127.0.0.1", port: world.port))
      #expect(error?.code == .addressInUse)
      #expect(
        error?.message == "cannot listen on http://127.0.0.1:\(world.port): port \(world.port) is taken by another "
          + "program; stop it, or choose another port (0 for any)")
    }
  }

  @Test("A host that is none of this machine's is an error that names it")
  func foreignHost() async throws {
    let error = await Self.failure(of: .tcp(host: "192.0.2.7", port: 0), token: "secret")
    #expect(error?.code == .addressUnavailable)
    #expect(error?.message.contains("this machine has no address 192.0.2.7") == true)
    let unresolved = await Self.failure(of: .tcp(host: "no such host", port: 0), token: "secret")
    #expect(unresolved?.code == .invalidAddress)
  }

  @Test("A Unix socket serves whatever the Host is, and its file goes with the agent")
  func unixSocket() async throws {
    let path = Self.socketPath()
    try await AgentWorld.run(configuration: AgentServerConfiguration(address: .unix(path: path))) { world in
      #expect(world.address == .unix(path: path))
      let id = try await world.enqueue(#"{"kind":"k"}"#)
      #expect(try await world.show(id).kind == "k")
      let answer = try await world.sendRaw("GET /v1/status HTTP/1.1", fields: ["Host: whatever"])
      #expect(answer.hasPrefix("HTTP/1.1 200 "))
    }
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test("A socket file that a dead process left is replaced")
  func staleSocket() async throws {
    let path = Self.socketPath()
    try LeftBehindSocket.make(at: path)
    try await AgentWorld.run(configuration: AgentServerConfiguration(address: .unix(path: path))) { world in
      let status = try await world.send(.GET, "/healthz").status
      #expect(status == 200)
    }
  }

  @Test("A socket that another program listens on is refused, and still works afterwards")
  func liveSocket() async throws {
    let path = Self.socketPath()
    try await AgentWorld.run(configuration: AgentServerConfiguration(address: .unix(path: path))) { world in
      let error = await Self.failure(of: .unix(path: path))
      #expect(error?.code == .addressInUse)
      #expect(error?.message.contains("unix:\(path): another program listens there") == true)
      let status = try await world.send(.GET, "/healthz").status
      #expect(status == 200)
    }
  }

  @Test("A file that is no socket, and a folder that is not there, are refused and left alone")
  func unusablePaths() async throws {
    let path = Self.socketPath()
    try Data("precious".utf8).write(to: URL(filePath: path))
    defer { LeftBehindSocket.remove(path) }
    let taken = await Self.failure(of: .unix(path: path))
    #expect(taken?.code == .addressUnavailable && taken?.message.contains("that is no socket") == true)
    #expect(try Data(contentsOf: URL(filePath: path)) == Data("precious".utf8))
    let missing = await Self.failure(of: .unix(path: "/tmp/no-such-folder-of-tombolo/t.sock"))
    #expect(missing?.code == .addressUnavailable && missing?.message.contains("does not exist") == true)
  }

  @Test("A graceful stop finishes the request under way and accepts no other")
  func gracefulStop() async throws {
    try await AgentWorld.run { world in
      world.store.hold()
      async let answer = world.send(.POST, "/v1/operations", #"{"kind":"k"}"#)
      for await _ in world.store.held { break }
      await world.stop()
      // The listening socket is closed a moment later; that moment is all this waits for.
      var isAccepting = true
      while isAccepting {
        do { _ = try await world.sendRaw("GET /healthz HTTP/1.1") } catch { isAccepting = false }
      }
      world.store.release()
      let status = try await answer.status
      #expect(status == 202)
    }
  }

  // MARK: -

  private static func socketPath() -> String {
    FileManager.default.temporaryDirectory.appending(path: "t-\(UUID().uuidString.prefix(8)).sock").path()
  }

  @discardableResult
  private static func server(
    _ configuration: AgentServerConfiguration, onListening: @escaping @Sendable (AgentAddress) -> Void = { _ in }
  ) async throws -> AgentServer {
    let queue = try await SyncQueue.open(store: InMemoryStore(), logger: AgentWorld.quiet)
    let network = NetworkMonitor(logger: AgentWorld.quiet)
    let worker = SyncWorker(queue: queue, handler: RecordingHandler(), logger: AgentWorld.quiet)
    return try AgentServer(
      AgentParts(
        queue: queue, worker: worker, network: network, storage: StorageDescription(type: "memory", path: nil)),
      configuration: configuration, logger: AgentWorld.quiet, onListening: onListening)
  }

  /// What running a server there throws. One that comes to listen all the same is stopped, and has thrown nothing.
  private static func failure(of address: AgentAddress, token: String? = nil) async -> AgentServerError? {
    await #expect(throws: AgentServerError.self) {
      let (listening, continuation) = AsyncStream.makeStream(of: Void.self)
      let server = try await server(
        AgentServerConfiguration(address: address, bearerToken: token), onListening: { _ in continuation.yield() })
      try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask {
          defer { continuation.finish() }
          try await server.run()
        }
        for await _ in listening { tasks.cancelAll() }
        try await tasks.waitForAll()
      }
    }
  }
}
