import AsyncHTTPClient
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import TomboloAgent
import TomboloNetwork
import TomboloPorts
import TomboloQueue
import TomboloTesting

/// A real agent on a real socket, on a store in memory.
struct AgentWorld: Sendable {
  let store: ScriptedStore
  let queue: SyncQueue
  let worker: SyncWorker
  let network: NetworkMonitor
  let time: ManualTimeSource
  let address: AgentAddress
  private let group: ServiceGroup

  /// Runs `body` against an agent. Its worker stands still: what is enqueued stays.
  static func run<Value: Sendable>(
    store: ScriptedStore = ScriptedStore(), queue settings: QueueConfiguration = QueueConfiguration(),
    configuration: AgentServerConfiguration? = nil, handler: RecordingHandler = RecordingHandler(),
    logger: Logger = quiet, _ body: @Sendable (AgentWorld) async throws -> Value
  ) async throws -> Value {
    let time = ManualTimeSource()
    let queue = try await SyncQueue.open(store: store, configuration: settings, time: time, logger: quiet)
    let network = NetworkMonitor(time: time, logger: quiet)
    let worker = SyncWorker(queue: queue, handler: handler, network: network, logger: quiet)
    var configuration =
      configuration ?? AgentServerConfiguration(payloadByteCountMaximum: settings.payloadByteCountMaximum)
    if case .tcp(let host, _) = configuration.address { configuration.address = .tcp(host: host, port: 0) }
    let (addresses, continuation) = AsyncStream.makeStream(of: AgentAddress.self)
    let server = try AgentServer(
      AgentParts(
        queue: queue, worker: worker, network: network, storage: StorageDescription(type: "memory", path: nil)),
      configuration: configuration, logger: logger, onListening: { continuation.yield($0) })
    let group = ServiceGroup(services: [server], logger: quiet)
    return try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask {
        defer { continuation.finish() }
        try await group.run()
      }
      guard let address = await addresses.first(where: { _ in true }) else {
        try await tasks.waitForAll()
        throw CancellationError()
      }
      let world = AgentWorld(
        store: store, queue: queue, worker: worker, network: network, time: time, address: address, group: group)
      do {
        let value = try await body(world)
        await group.triggerGracefulShutdown()
        try await tasks.waitForAll()
        return value
      } catch {
        tasks.cancelAll()
        throw error
      }
    }
  }

  /// Stops the server gracefully; returns at once.
  func stop() async { await group.triggerGracefulShutdown() }

  var port: Int {
    guard case .tcp(_, let port) = address else { return 0 }
    return port
  }

  func send(
    _ method: HTTPMethod, _ path: String, _ body: String? = nil, fields: HTTPHeaders = [:]
  ) async throws -> AgentAnswer {
    var fields = fields
    if body != nil, !fields.contains(name: "Content-Type") {
      fields.add(name: "Content-Type", value: "application/json")
    }
    return try await Self.send(method, base + path, body, fields: fields)
  }

  var base: String {
    switch address {
    case .tcp(_, let port): "http://127.0.0.1:\(port)"
    case .unix(let path): "http+unix://\(path.replacingOccurrences(of: "/", with: "%2F"))"
    }
  }

  /// Sends exactly these fields.
  static func send(
    _ method: HTTPMethod, _ url: String, _ body: String? = nil, fields: HTTPHeaders = [:]
  ) async throws -> AgentAnswer {
    var request = HTTPClientRequest(url: url)
    request.method = method
    request.headers = fields
    if let body { request.body = .bytes(ByteBuffer(string: body)) }
    let response = try await Self.client.execute(request, timeout: .seconds(600))
    let bytes = try await response.body.collect(upTo: 64 << 20)
    return AgentAnswer(
      status: Int(response.status.code), fields: response.headers, body: String(buffer: bytes))
  }

  /// Enqueues and answers with the identifier.
  @discardableResult
  func enqueue(_ body: String) async throws -> String {
    let answer = try await send(.POST, "/v1/operations", body)
    guard answer.status == 202 else { throw AgentAnswer.NotAProblem(body: answer.body) }
    return try answer.decoded(WireReceipt.self).id
  }

  func show(_ id: String) async throws -> WireOperation {
    try await send(.GET, "/v1/operations/\(id)").decoded()
  }

  static let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

  /// Lives as long as the process. Its limits are for a test that hangs: `HTTPClient.shared` gives up a connection on which nothing
  /// came for 90 seconds, which many senders on a busy machine may need.
  static let client: HTTPClient = {
    var configuration = HTTPClient.Configuration.singletonConfiguration
    configuration.timeout = HTTPClient.Configuration.Timeout(connect: .seconds(600), read: .seconds(600))
    return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
  }()
}

extension AgentWorld {
  /// Sends a body without telling how long it is.
  func sendInParts(_ path: String, _ body: String) async throws -> AgentAnswer {
    var request = HTTPClientRequest(url: base + path)
    request.method = .POST
    let parts = AsyncStream<ByteBuffer> { continuation in
      continuation.yield(ByteBuffer(string: body))
      continuation.finish()
    }
    request.body = .stream(parts, length: .unknown)
    let response = try await Self.client.execute(request, timeout: .seconds(600))
    let bytes = try await response.body.collect(upTo: 1 << 20)
    return AgentAnswer(status: Int(response.status.code), fields: response.headers, body: String(buffer: bytes))
  }
}

extension AgentWorld {
  /// What the queue itself says about an operation.
  func stored(_ id: String) async throws -> OperationSnapshot? {
    guard let id = OperationID(id) else { return nil }
    return try await queue.snapshot(id)
  }
}
