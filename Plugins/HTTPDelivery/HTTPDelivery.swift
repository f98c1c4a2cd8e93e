import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Synchronization
public import TomboloPorts

/// Delivers operations by HTTP: by default `POST {baseURL}/{kind}` with the payload as body.
///
///     let delivery = try HTTPDelivery(HTTPDeliveryConfiguration(baseURL: "http://127.0.0.1:9000"))
///     // … hand it to a queue …
///     try await delivery.close()
///
/// Every request carries `Idempotency-Key`, `Tombolo-Operation-Id`, `Tombolo-Attempt`, `Tombolo-Priority`, the
/// `Tombolo-Ordering-Key` when there is one, and the operation's own headers. What each answer means is the table of
/// `AnswerMapping`: 2xx is delivered; no connection, no answer, 408, 425, 429 and 5xx are tried again, not before a
/// Retry-After; 409 and 412 are a conflict with the remote version; 401 and 403 suspend the upstream; the rest is refused.
///
/// When a conflict was resolved in favour of the local version, the request says `If-Match` with the tag of the version it
/// is to replace, so that a third version is not overwritten unseen.
///
/// Connections are kept and used again. Cancelling the task of a delivery ends its request. `close()` must be called before
/// the last reference goes away.
public final class HTTPDelivery: OperationHandler, Closable {
  private let configuration: HTTPDeliveryConfiguration
  private let baseURL: BaseURL
  private let configuredFields: [OperationHeader]
  private let mapping: AnswerMapping
  private let time: any TimeSource
  private let client: HTTPClient
  private let isClosed = Mutex(false)

  /// Opens no connection yet.
  ///
  /// - Parameter time: judges a Retry-After that names a moment.
  /// - Throws: `PluginOptionError` when the configuration cannot be used, with what to do about it.
  public init(_ configuration: HTTPDeliveryConfiguration, time: any TimeSource = SystemTimeSource()) throws {
    self.configuration = configuration
    self.time = time
    baseURL = try BaseURL(configuration.baseURL)
    configuredFields = try configuration.checkedFields()
    try configuration.checkRoutes()
    mapping = AnswerMapping(
      unauthorizedPause: configuration.unauthorizedPause, origin: baseURL.origin,
      text: AnswerText(secrets: configuration.headers.map(\.value) + [configuration.bearerToken].compactMap { $0 }))
    client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration.client)
  }

  /// The base URL: operations for the same one are suspended together.
  public var upstream: String { baseURL.prefix }

  public func deliver(_ operation: SyncOperation, attempt: DeliveryAttempt) async throws -> DeliveryOutcome {
    let request: HTTPClientRequest
    do {
      request = try makeRequest(operation, attempt: attempt)
    } catch let failure as DeliveryFailure {
      return .reject(failure)
    }
    let start = ContinuousClock.now
    do {
      let response = try await client.execute(request, timeout: TimeAmount(configuration.timeout))
      let remaining = configuration.timeout - (ContinuousClock.now - start)
      let body = try await AnswerBody.read(
        response.body, bytesMaximum: configuration.responseBytesMaximum, within: remaining)
      let answer = UpstreamAnswer(
        status: Int(response.status.code), reason: response.status.reasonPhrase,
        fields: response.headers.map { OperationHeader(name: $0.name, value: $0.value) },
        body: body.bytes, isBodyComplete: body.isComplete)
      return mapping.outcome(of: answer, to: operation, now: time.now)
    } catch {
      try Task.checkCancellation()
      return TransportFailure.outcome(error, target: baseURL.target, timeout: configuration.timeout)
    }
  }

  /// Ends the connections. Deliveries under way fail as unreachable; later ones are put off.
  public func close() async throws {
    let isFirst = isClosed.withLock { isClosed in
      defer { isClosed = true }
      return !isClosed
    }
    if isFirst { try await client.shutdown() }
  }

  private func makeRequest(_ operation: SyncOperation, attempt: DeliveryAttempt) throws -> HTTPClientRequest {
    let fields = try RequestFields(operation, attempt: attempt, configured: configuredFields).fields
    let route = configuration.routes.first { $0.matches(operation.kind) } ?? .standard
    var request = HTTPClientRequest(url: baseURL.prefix + route.path(for: operation.kind))
    request.method = HTTPMethod(rawValue: route.method.rawValue)
    request.headers = HTTPHeaders(fields.map { ($0.name, $0.value) })
    request.body = .bytes(ByteBuffer(bytes: operation.payload))
    return request
  }
}
