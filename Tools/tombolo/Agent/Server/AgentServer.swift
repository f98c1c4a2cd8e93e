import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore
public import ServiceLifecycle
import Synchronization

/// The agent's HTTP interface: how other programs hand operations to the queue and look after it.
///
///     let server = try AgentServer(
///       AgentParts(queue: queue, worker: worker, network: monitor, storage: storage),
///       configuration: AgentServerConfiguration(address: try AgentAddress("127.0.0.1:7117")), logger: logger,
///       onListening: { address in report("listening on \(address)") })
///     try await ServiceGroup(services: [server], logger: logger).run()
///
/// | request | answer |
/// |---|---|
/// | `POST /v1/operations` | 202 `WireReceipt`, or `WireReceipts` for `{"operations":[…]}`; sent when durable |
/// | `GET /v1/operations?state=&kind=&orderingKey=&limit=&cursor=` | `WireOperationPage` |
/// | `GET /v1/operations/{id}` | `WireOperation`, with its payload |
/// | `POST /v1/operations/{id}/retry`, `DELETE /v1/operations/{id}?reason=` | `WireReceipt` |
/// | `GET /v1/status` | `WireStatus` |
/// | `GET /v1/network` | `WireNetworkStatus` |
/// | `GET /v1/network/changes` | a `WireNetworkStatus` a line: the present one, then every change, until the agent stops |
/// | `PUT /v1/network` with `{"override": "offline" \| "online" \| null}` | `WireNetworkStatus` |
/// | `POST /v1/reload` | `AgentReload`, once the configuration was read anew; 422 with its problems when it cannot be used |
/// | `GET /healthz`, `GET /metrics` | liveness; Prometheus text |
///
/// Every error is a `WireProblem`, but for requests that are not HTTP at all.
///
/// | status | when |
/// |---|---|
/// | 400 | the body, a field, a parameter or an identifier cannot be accepted |
/// | 401, 403, 421 | no token; a page of another origin; another agent's `Host` |
/// | 404, 405, 409 | no such operation or path; no such method; the operation is being delivered |
/// | 409, 422 | a reload is under way; the configuration to be reloaded cannot be used |
/// | 413, 415 | larger than the limit; not JSON |
/// | 503 | the store failed; with the code `outcomeUnknown` it may have done it: repeat with the same idempotency key |
/// | 507 | the queue or its disk is full. There is no `Retry-After`: nobody knows when there will be room |
public final class AgentServer: Service {
  private let responder: AgentResponder
  private let live: LiveServerSettings
  private let address: AgentAddress
  private let connectionsMaximum: Int
  private let onListening: @Sendable (AgentAddress) -> Void
  private let logger: Logger
  private let isListening = Mutex(false)

  /// Checks the configuration; nothing is opened before `run()`.
  ///
  /// - Parameters:
  ///   - onListening: called once connections are accepted, with the address as it came to be: the port that was free
  ///     instead of port 0.
  /// - Throws: `AgentServerError` with `invalidAddress`, `invalidToken`, or `tokenRequired` for an address that other
  ///   machines can reach.
  public init(
    _ parts: AgentParts, configuration: AgentServerConfiguration = AgentServerConfiguration(),
    logger: Logger = Logger(label: "tombolo.agent"), onListening: @escaping @Sendable (AgentAddress) -> Void = { _ in }
  ) throws(AgentServerError) {
    try configuration.validate()
    live = LiveServerSettings(configuration)
    responder = AgentResponder(parts, live, logger: logger)
    address = configuration.address
    connectionsMaximum = configuration.connectionsMaximum
    self.onListening = onListening
    self.logger = logger
  }

  /// What `POST /v1/reload` does. Without it there is nothing at that path.
  public func onReload(_ reload: @escaping @Sendable () async throws -> AgentReload) { live.reload = reload }

  /// Throws what `update` could not work with, as the initializer does. The address itself is not judged again.
  public func check(_ configuration: AgentServerConfiguration) throws(AgentServerError) {
    var configuration = configuration
    configuration.address = address
    try configuration.validate()
  }

  /// Puts another configuration in the place of the present one, while it serves or not: the token, the names, the limit of
  /// payloads. Where it listens and for how many stays as it is. To be checked with `check` first. Answers whether the token
  /// is another one now.
  @discardableResult
  public func update(_ configuration: AgentServerConfiguration) -> Bool { live.update(configuration) }

  /// Serves until graceful shutdown or cancellation. After a graceful shutdown it accepts nothing more and lets the
  /// requests under way finish. May be called once.
  ///
  /// - Throws: `AgentServerError` when it cannot listen.
  public func run() async throws {
    let bindAddress: BindAddress
    switch address {
    case .tcp(let host, let port): bindAddress = .hostname(host, port: port)
    case .unix(let path):
      try UnixSocketFile(path: path).removeIfStale()
      bindAddress = .unixDomainSocket(path: path)
    }
    // An idle connection is closed in the end; one that waits for its answer never is.
    let application = Application(
      responder: responder,
      server: .http1(configuration: .init(idleTimeout: .seconds(120))),
      configuration: ApplicationConfiguration(
        address: bindAddress, serverName: nil, backlog: 1_024,
        availableConnectionsDelegate: MaximumAvailableConnections(connectionsMaximum)),
      onServerRunning: { [self] channel in
        isListening.withLock { $0 = true }
        announce(port: channel.localAddress?.port)
      },
      logger: Self.quiet(logger))
    do {
      try await application.run()
    } catch {
      // Once it listens, an error is no longer about listening.
      guard !(error is CancellationError), !isListening.withLock({ $0 }) else { throw error }
      throw AgentServerError(error, listeningOn: address)
    }
  }

  private func announce(port: Int?) {
    let bound: AgentAddress =
      switch address {
      case .tcp(let host, let asked): .tcp(host: host, port: port ?? asked)
      case .unix: address
      }
    logger.info("listening", metadata: ["address": "\(bound)"])
    onListening(bound)
  }

  /// What the server below tells of each start, stop and broken connection is of no interest here; its failures are.
  private static func quiet(_ logger: Logger) -> Logger {
    var quiet = logger
    quiet.logLevel = max(logger.logLevel, .warning)
    return quiet
  }
}
