import AsyncHTTPClient
import Logging
import ServiceLifecycle
import TomboloAgent
import TomboloComposition
import TomboloNetwork
import TomboloPorts
import TomboloQueue
import TomboloStorage
import TomboloTesting

@testable import TomboloProgram

/// One queue in memory, reached directly and through an agent on a real socket. Its worker stands still.
struct AccessWorld: Sendable {
  let direct: DirectQueue
  let agent: AgentClient
  let queue: SyncQueue

  static func run(
    token: String? = nil, clientToken: String? = nil, history: Duration = .zero,
    _ body: @Sendable (AccessWorld) async throws -> Void
  ) async throws {
    let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let time = ManualTimeSource()
    var settings = QueueConfiguration()
    settings.historyRetention = history
    let queue = try await SyncQueue.open(store: InMemoryStore(), configuration: settings, time: time, logger: quiet)
    let network = NetworkMonitor(time: time, logger: quiet)
    let worker = SyncWorker(queue: queue, handler: RecordingHandler(), network: network, logger: quiet)
    let (addresses, continuation) = AsyncStream.makeStream(of: AgentAddress.self)
    let server = try AgentServer(
      AgentParts(
        queue: queue, worker: worker, network: network, storage: StorageDescription(type: "memory", path: nil)),
      configuration: AgentServerConfiguration(address: .tcp(host: "127.0.0.1", port: 0), bearerToken: token),
      logger: quiet, onListening: { continuation.yield($0) })
    let group = ServiceGroup(services: [server], logger: quiet)
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask {
        defer { continuation.finish() }
        try await group.run()
      }
      guard case .tcp(let host, let port)? = await addresses.first(where: { _ in true }) else {
        return try await tasks.waitForAll()
      }
      let configuration = try configuration(listen: "\(host):\(port)", token: clientToken)
      let registry = try StandardPlugins.registry()
      let storage = try await configuration.storageSettings.chosen(from: registry)
      let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: AgentClient.clientConfiguration)
      let result: Result<Void, any Error>
      do {
        try await body(
          AccessWorld(
            direct: DirectQueue(queue: queue, storage, registry),
            agent: try AgentClient(client, configuration: configuration), queue: queue))
        result = .success(())
      } catch {
        result = .failure(error)
      }
      try await client.shutdown()
      await group.triggerGracefulShutdown()
      try await tasks.waitForAll()
      try result.get()
    }
  }

  static func configuration(listen: String, token: String? = nil) throws -> Configuration {
    let text = "delivery: { type: http, baseURL: 'http://127.0.0.1:9' }"
    return try ConfigurationLoader(registry: StandardPlugins.registry()).load(
      text: text, overrides: ["agent.listen=\(listen)"] + (token.map { ["agent.token=\($0)"] } ?? []))
  }
}
