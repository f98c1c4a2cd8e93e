import GRPCCore
import GRPCNIOTransportHTTP2Posix
import GRPCProtobuf
public import TomboloPorts

/// Delivers operations by gRPC: unary calls over HTTP/2.
///
///     let delivery = try GRPCDelivery(GRPCDeliveryConfiguration(baseURL: "http://127.0.0.1:50051"))
///     // … hand it to a queue …
///     try await delivery.close()
///
/// **Where it goes.** By default every operation is a call of `tombolo.delivery.v1.OperationDelivery/Deliver`, a service that
/// is made for it; its `.proto` is beside this module. A route sends kinds to a method of any other service, and then the
/// payload itself is that method's serialized request.
///
/// **What goes along.** The metadata `idempotency-key`, `tombolo-operation-id`, `tombolo-attempt`, `tombolo-kind`,
/// `tombolo-priority`, the `tombolo-ordering-key` when there is one, `traceparent`, and the operation's own headers. A call
/// that replaces a remote version after a conflict says `if-match` with its tag.
///
/// **What comes back.** The table of `StatusMapping`: OK is delivered; no connection, no answer, `UNAVAILABLE`, `INTERNAL`,
/// `UNKNOWN`, `DEADLINE_EXCEEDED` and `RESOURCE_EXHAUSTED` are tried again, not before a `RetryInfo` or `retry-after`;
/// `ALREADY_EXISTS`, and `ABORTED` or `FAILED_PRECONDITION` that tell of a version, are a conflict; `UNAUTHENTICATED` and
/// `PERMISSION_DENIED` suspend the upstream; the rest is refused. A service tells of its version with a
/// `tombolo.delivery.v1.RemoteVersion` among the details of its status, or only of its tag with the trailer `etag` and of the stamp
/// of the operation that wrote it with `tombolo-written`.
///
/// Calls share one connection, made when the first operation is delivered. Cancelling the task of a delivery ends its call.
/// `close()` must be called before the last reference goes away.
public final class GRPCDelivery: OperationHandler, Closable {
  private let configuration: GRPCDeliveryConfiguration
  private let address: UpstreamAddress
  private let configured: [OperationHeader]
  private let mapping: StatusMapping
  private let connection: UpstreamConnection

  /// Opens no connection yet.
  ///
  /// - Throws: `PluginOptionError` when the configuration cannot be used, with what to do about it.
  public init(_ configuration: GRPCDeliveryConfiguration) throws {
    self.configuration = configuration
    address = try UpstreamAddress(configuration.baseURL)
    configured = try configuration.checkedHeaders()
    try configuration.checkRoutes()
    mapping = StatusMapping(
      unauthorizedPause: configuration.unauthorizedPause, text: AnswerText(secrets: configured.map(\.value)))
    connection = UpstreamConnection(
      address, security: try configuration.transportSecurity(for: address), connectTimeout: configuration.connectTimeout
    )
    do {
      // A certificate or key that cannot be read is told now, not at the first delivery.
      try connection.check()
    } catch {
      throw PluginOptionError("tls cannot be used: \(CallFailure.words(error)); are its files there, and PEM?")
    }
  }

  /// The base URL: operations for the same one are suspended together.
  public var upstream: String { address.origin }

  public func deliver(_ operation: SyncOperation, attempt: DeliveryAttempt) async throws -> DeliveryOutcome {
    let metadata: Metadata
    do {
      metadata = try CallMetadata(operation, attempt: attempt, configured: configured).metadata
    } catch let failure as DeliveryFailure {
      return .reject(failure)
    }
    let route = configuration.routes.first { $0.matches(operation.kind) } ?? .standard
    do {
      return try await call(route, operation, attempt, metadata)
    } catch {
      try Task.checkCancellation()
      return failed(error, operation, attempt)
    }
  }

  /// Ends the connection. Deliveries under way fail as unreachable; later ones are put off.
  public func close() async throws {
    await connection.close()
  }

  private func call(
    _ route: GRPCRoute, _ operation: SyncOperation, _ attempt: DeliveryAttempt, _ metadata: Metadata
  ) async throws -> DeliveryOutcome {
    guard let names = route.names else { throw PluginOptionError("the method '\(route.method)' is none") }
    let method = MethodDescriptor(fullyQualifiedService: names.service, method: names.method)
    switch route.message {
    case .payload:
      return try await connection.unary(
        ClientRequest(message: operation.payload, metadata: metadata), method, options(operation), RawSerializer(),
        LimitedDeserializer(base: RawDeserializer(), byteCountMaximum: configuration.responseBytesMaximum)
      ) { _ in .delivered }
    case .operation:
      let message = Tombolo_Delivery_V1_DeliverRequest(operation, attempt: attempt)
      let text = mapping.text
      return try await connection.unary(
        ClientRequest(message: message, metadata: metadata), method, options(operation), ProtobufSerializer(),
        LimitedDeserializer(
          base: ProtobufDeserializer<Tombolo_Delivery_V1_DeliverResponse>(),
          byteCountMaximum: configuration.responseBytesMaximum)
      ) { $0.outcome(of: operation, text: text) }
    }
  }

  private func options(_ operation: SyncOperation) -> CallOptions {
    var options = CallOptions.defaults
    options.timeout = configuration.timeout
    // The queue waits, with one backoff for all; a call says at once that there is no connection.
    options.waitForReady = false
    options.maxResponseMessageBytes = configuration.responseBytesMaximum
    // The transport takes this one for the limit of a response as well.
    options.maxRequestMessageBytes = max(
      configuration.responseBytesMaximum, operation.payload.count + Self.envelopeBytesMaximum)
    return options
  }

  /// More than everything of an operation but its payload.
  private static let envelopeBytesMaximum = 1 << 20

  private func failed(
    _ error: any Error, _ operation: SyncOperation, _ attempt: DeliveryAttempt
  ) -> DeliveryOutcome {
    switch error as? CallFailure {
    case .answered(let error):
      mapping.outcome(of: UpstreamRefusal(error), to: operation, attempt: attempt)
    case .deadlinePassed:
      .retry(
        after: nil,
        DeliveryFailure(
          .timeout,
          "\(address.target) did not answer within \(configuration.timeout.secondsText); it may or may not have acted"))
    case .unreachable(let reason):
      .retry(after: nil, DeliveryFailure(.unreachable, "no answer from \(address.target): \(reason)"))
    case .closed:
      .snooze(for: .seconds(1), DeliveryFailure(.unreachable, "this delivery was closed"))
    case nil:
      .retry(
        after: nil,
        DeliveryFailure(.unreachable, "no answer from \(address.target): \(AnswerText.singleLine("\(error)"))"))
    }
  }
}

extension Duration {
  /// `2.5 s`
  fileprivate var secondsText: String {
    let milliseconds = components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000
    return milliseconds % 1_000 == 0 ? "\(milliseconds / 1_000) s" : "\(Double(milliseconds) / 1_000) s"
  }
}
