import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Synchronization

/// The connection that all calls to an upstream share.
///
/// The driver has a backoff of its own between attempts to connect, and fails every call meanwhile. The queue has one already,
/// and when the network is back the most urgent operation must not wait for the driver's. So a client whose call found no
/// connection is given up, and the next call makes a new one, which connects at once.
///
///     empty ── first call ──▶ running ── a call found no connection ──▶ empty
///                                │
///     any ──────── close() ──────┴──▶ closed
final class UpstreamConnection: Sendable {
  typealias Client = GRPCClient<HTTP2ClientTransport.Posix>

  private struct Running {
    var client: Client
    var connectLimit: ConnectLimit
    /// Keeps the connection; ends when the client is shut down and its calls have ended, or when it is cancelled.
    var task: Task<Void, Never>
  }

  private struct State {
    var current: Running?
    /// Given up, and ending with their last call. A call lasts no longer than its deadline, so they do not pile up.
    var ending: [ObjectIdentifier: Running] = [:]
    var isClosed = false
  }

  private let address: UpstreamAddress
  private let security: HTTP2ClientTransport.Posix.TransportSecurity
  private let connectTimeout: Duration
  private let state = Mutex(State())

  init(
    _ address: UpstreamAddress, security: HTTP2ClientTransport.Posix.TransportSecurity, connectTimeout: Duration
  ) {
    self.address = address
    self.security = security
    self.connectTimeout = connectTimeout
  }

  /// Whether a connection could be made at all, as far as that can be known without making one.
  func check() throws {
    _ = try makeTransport(makeConnectLimit())
  }

  /// Makes a unary call.
  ///
  /// - Throws: `CallFailure`, or what cancellation threw.
  func unary<Request: Sendable, Response: Sendable, Value: Sendable>(
    _ request: ClientRequest<Request>, _ method: MethodDescriptor, _ options: CallOptions,
    _ serializer: some MessageSerializer<Request>, _ deserializer: some MessageDeserializer<Response>,
    _ read: @escaping @Sendable (Response) -> Value
  ) async throws -> Value {
    try await unary(on: client(), request, method, options, serializer, deserializer, read)
  }

  /// The same on a client that another call may have given up in the meantime.
  func unary<Request: Sendable, Response: Sendable, Value: Sendable>(
    on running: (client: Client, connectLimit: ConnectLimit), _ request: ClientRequest<Request>,
    _ method: MethodDescriptor, _ options: CallOptions, _ serializer: some MessageSerializer<Request>,
    _ deserializer: some MessageDeserializer<Response>, _ read: @escaping @Sendable (Response) -> Value
  ) async throws -> Value {
    let (client, connectLimit) = running
    do {
      return try await client.unary(
        request: request, descriptor: method, serializer: serializer, deserializer: deserializer, options: options
      ) { response in
        switch response.accepted {
        case .success(let contents):
          switch contents.message {
          case .success(let message): return read(message)
          case .failure(let error): throw CallFailure(error, hasHeaders: true)
          }
        case .failure(let error): throw CallFailure(error, hasHeaders: false)
        }
      }
    } catch {
      var failure = CallFailure(thrown: error)
      if case .unreachable = failure, let reason = connectLimit.reason { failure = .unreachable(reason) }
      switch failure {
      case .unreachable, .deadlinePassed: giveUp(client)
      case .closed where !state.withLock({ $0.isClosed }):
        // Another call gave the client up before this one began on it: nothing was sent, and there is another client.
        giveUp(client)
        return try await unary(request, method, options, serializer, deserializer, read)
      case .answered, .closed: break
      }
      throw failure
    }
  }

  /// Ends the connection and the calls on it. Returns when it has ended.
  func close() async {
    let running = state.withLock { state in
      state.isClosed = true
      let running = Array(state.ending.values) + [state.current].compactMap { $0 }
      state.current = nil
      state.ending = [:]
      return running
    }
    for running in running {
      running.client.beginGracefulShutdown()
      running.task.cancel()
    }
    for running in running { await running.task.value }
  }

  func client() throws -> (client: Client, connectLimit: ConnectLimit) {
    try state.withLock { state in
      if state.isClosed { throw CallFailure.closed }
      if let current = state.current { return (current.client, current.connectLimit) }
      let connectLimit = makeConnectLimit()
      let client = GRPCClient(transport: try makeTransport(connectLimit))
      // Unstructured, because the port has no place to run in: a handler is called and closed. It is owned here, ends with
      // the client, and `close()` cancels it and waits for it.
      let task = Task { [weak self] in
        do {
          try await client.runConnections()
        } catch {
          // The calls on it have been told; whoever comes next gets a new client.
          self?.ended(client)
          return
        }
        self?.ended(client)
      }
      state.current = Running(client: client, connectLimit: connectLimit, task: task)
      return (client, connectLimit)
    }
  }

  func giveUp(_ client: Client) {
    let isCurrent = state.withLock { state in
      guard let current = state.current, current.client === client else { return false }
      state.current = nil
      state.ending[ObjectIdentifier(client)] = current
      return true
    }
    if isCurrent { client.beginGracefulShutdown() }
  }

  private func ended(_ client: Client) {
    state.withLock { state in
      state.ending[ObjectIdentifier(client)] = nil
      if state.current?.client === client { state.current = nil }
    }
  }

  private func makeConnectLimit() -> ConnectLimit {
    ConnectLimit(connectTimeout, isEncrypted: address.isEncrypted)
  }

  private func makeTransport(_ connectLimit: ConnectLimit) throws -> HTTP2ClientTransport.Posix {
    try HTTP2ClientTransport.Posix(
      target: address.resolvable, transportSecurity: security,
      config: .defaults { config in
        config.connection.maxIdleTime = .seconds(300)
        config.channelDebuggingCallbacks.onCreateTCPConnection = { connectLimit.watch($0) }
      })
  }
}
