import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import TomboloAgent
import TomboloComposition
import TomboloPorts
import TomboloQueue

/// The queue of a running agent, over its HTTP interface.
struct AgentClient: QueueAccess {
  /// How long an answer may take: much longer than any store needs, and short enough for a person to wait for.
  private static let timeout = TimeAmount.seconds(60)

  private let client: HTTPClient
  private let address: AgentEndpoint
  private let token: String?
  private let answerByteCountMaximum: Int

  /// - Parameter client: made with `clientConfiguration`; the caller shuts it down.
  init(_ client: HTTPClient, configuration: Configuration) throws {
    self.client = client
    address = AgentEndpoint(configuration.agent.listen)
    token = try AgentToken.read(configuration.agent)
    // The answer about one operation holds its payload, in base64 at worst.
    answerByteCountMaximum = max(64 << 20, configuration.queue.payloadMaximum * 2)
  }

  /// Asks once: that nobody listens is an answer, not something to wait for.
  static var clientConfiguration: HTTPClient.Configuration {
    var configuration = HTTPClient.Configuration()
    configuration.connectionPool.retryConnectionEstablishment = false
    configuration.timeout.connect = .seconds(10)
    configuration.redirectConfiguration = .disallow
    configuration.proxy = nil
    return configuration
  }

  /// Whether an agent answers. Throws when something else does, or when that cannot be found out.
  func isThere() async throws -> Bool {
    let answer: Answer
    do {
      // Without the token: it is not yet known who listens there.
      answer = try await send(.GET, "/healthz", timeout: .seconds(30), isAuthorized: false)
    } catch {
      if AgentEndpoint.isNobodyThere(error) { return false }
      throw unreachable(error)
    }
    guard answer.status == 200, answer.bytes.starts(with: Array(#"{"status":"#.utf8)) else {
      throw CommandError(
        .failed,
        "what listens on \(address) is no tombolo agent (it answered \(answer.status) to GET /healthz): "
          + "stop it, or set agent.listen to where the agent listens")
    }
    return true
  }

  func enqueue(_ operation: NewOperation, durability: StoreDurability?) async throws -> WireReceipt {
    try await decode(ask(.POST, "/v1/operations", body: EnqueueBody(operation, durability: durability).bytes))
  }

  func status() async throws -> StatusReport {
    let status: WireStatus = try await decode(ask(.GET, "/v1/status"))
    return StatusReport(
      agent: address.description, network: status.network, queue: status.queue, storage: status.storage,
      resilience: status.resilience)
  }

  func page(_ filter: OperationFilter, cursor: String?, limit: Int) async throws -> WireOperationPage {
    let query: KeyValuePairs<String, String?> = [
      "state": filter.state?.rawValue, "kind": filter.kind, "orderingKey": filter.orderingKey,
      "namespace": filter.namespace, "limit": "\(limit)", "cursor": cursor,
    ]
    return try await decode(ask(.GET, "/v1/operations" + PercentEncoding.query(query)))
  }

  func operation(_ id: OperationID) async throws -> OperationDocument {
    try OperationDocument(json: await ask(.GET, "/v1/operations/\(id)"))
  }

  func retry(_ id: OperationID) async throws -> WireReceipt {
    try await decode(ask(.POST, "/v1/operations/\(id)/retry"))
  }

  func resolve(_ id: OperationID, with choice: ConflictChoice) async throws -> WireReceipt {
    let (name, body): (String, [UInt8]?) =
      switch choice {
      case .local: ("local", nil)
      case .remote: ("remote", nil)
      case .merged(let payload): ("merged", payload)
      }
    return try await decode(ask(.POST, "/v1/operations/\(id)/retry?resolution=\(name)", body: body))
  }

  func discard(_ id: OperationID, reason: String) async throws -> WireReceipt {
    try await decode(ask(.DELETE, "/v1/operations/\(id)" + PercentEncoding.query(["reason": reason])))
  }

  /// The agent's word on the network.
  func network() async throws -> WireNetworkStatus {
    try await decode(ask(.GET, "/v1/network"))
  }

  /// Hands `tell` the present status of the network and every change, until the agent ends.
  func networkChanges(_ tell: (WireNetworkStatus) throws -> Void) async throws {
    let response: HTTPClientResponse
    do {
      response = try await client.execute(self.request(.GET, "/v1/network/changes"), deadline: .distantFuture)
    } catch {
      throw unreachable(error)
    }
    guard response.status.code == 200 else {
      let body = try await response.body.collect(upTo: answerByteCountMaximum)
      throw AgentRefusal.error(
        status: response.status.code, body: Array(body.readableBytesView), address: address)
    }
    var lines = LineSplitter(byteCountMaximum: answerByteCountMaximum)
    do {
      for try await part in response.body {
        for line in try lines.add(part.readableBytesView) { try tell(try decode(line)) }
      }
    } catch let error as HTTPClientError {
      throw unreachable(error)
    }
  }

  // MARK: - Requests

  private struct Answer {
    var status: UInt
    var bytes: [UInt8]
  }

  /// The body of a successful answer; any other is thrown as what the agent says.
  func ask(_ method: HTTPMethod, _ path: String, body: [UInt8]? = nil) async throws -> [UInt8] {
    try successful(await answer(method, path, body: body))
  }

  /// The same, and `nil` when there is nothing at that path.
  func askIfPresent(_ path: String) async throws -> [UInt8]? {
    let answer = try await answer(.GET, path)
    return answer.status == 404 ? nil : try successful(answer)
  }

  private func answer(_ method: HTTPMethod, _ path: String, body: [UInt8]? = nil) async throws -> Answer {
    do {
      return try await send(method, path, body: body, timeout: Self.timeout)
    } catch {
      throw unreachable(error)
    }
  }

  private func successful(_ answer: Answer) throws -> [UInt8] {
    guard answer.status >= 300 else { return answer.bytes }
    throw AgentRefusal.error(status: answer.status, body: answer.bytes, address: address)
  }

  private func send(
    _ method: HTTPMethod, _ path: String, body: [UInt8]? = nil, timeout: TimeAmount, isAuthorized: Bool = true
  ) async throws -> Answer {
    var request = self.request(method, path, isAuthorized: isAuthorized)
    if let body {
      request.headers.add(name: "Content-Type", value: "application/json")
      request.body = .bytes(body)
    }
    let response = try await client.execute(request, timeout: timeout)
    let bytes = try await response.body.collect(upTo: answerByteCountMaximum)
    return Answer(status: response.status.code, bytes: Array(bytes.readableBytesView))
  }

  private func request(_ method: HTTPMethod, _ path: String, isAuthorized: Bool = true) -> HTTPClientRequest {
    var request = HTTPClientRequest(url: address.url(path))
    request.method = method
    if isAuthorized, let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
    return request
  }

  func decode<Value: Decodable>(_ bytes: [UInt8]) throws -> Value {
    do {
      return try JSONDecoder().decode(Value.self, from: Data(bytes))
    } catch {
      throw CommandError(
        .failed,
        "the agent at \(address) answered something this program does not understand: are both of the same version?",
        cause: error)
    }
  }

  private func unreachable(_ error: any Error) -> CommandError {
    CommandError(
      .failed,
      "the agent at \(address) does not answer: \(AgentEndpoint.reason(error))\n`tombolo config explain "
        + "agent.listen` says where that address comes from", cause: error)
  }
}
