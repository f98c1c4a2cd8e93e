public import TomboloPorts

/// How a `GRPCDelivery` reaches its upstream.
public struct GRPCDeliveryConfiguration: Sendable {
  /// Where the upstream is: `http://127.0.0.1:50051` without encryption, `https://api.example.com` with TLS. Host and port only.
  public var baseURL: String
  /// The longest a call may take, from the wait for a connection to the status. Sent as the call's deadline (`grpc-timeout`).
  public var timeout: Duration = .seconds(10)
  /// The longest a connection may take to come about, for each address of the host: the TCP connection with the TLS handshake, or
  /// without TLS with the first word of the other side. Shorter than `timeout`, so that an upstream that is not there is told from a
  /// slow one: nothing was sent, and no attempt is burnt while the network is away.
  public var connectTimeout: Duration = .seconds(3)
  /// Sent with every call. Their values are treated as secrets.
  public var headers: [OperationHeader] = []
  /// Sent as `authorization: Bearer …`.
  public var bearerToken: String?
  /// The first that matches an operation's kind says which method is called. Where none does, `GRPCRoute.standard` holds.
  public var routes: [GRPCRoute] = []
  /// How long an upstream rests that answered `UNAUTHENTICATED` or `PERMISSION_DENIED`.
  public var unauthorizedPause: Duration = .seconds(60)
  /// The largest answer that is accepted, in bytes. The remote version of a conflict must fit in to reach the resolver.
  public var responseBytesMaximum = 4 << 20
  /// Whom to trust and who we are. Only with `https`.
  public var security = GRPCSecurity()

  public init(baseURL: String) {
    self.baseURL = baseURL
  }
}

/// The TLS settings of a `GRPCDelivery`. Files are PEM and are read when the delivery is made.
public struct GRPCSecurity: Hashable, Sendable {
  /// The authorities to trust, instead of those of the system.
  public var authorityFile: String?
  /// The certificate to show, with those that vouch for it. Goes with `keyFile`.
  public var certificateFile: String?
  /// The private key of that certificate.
  public var keyFile: String?

  /// The authorities of the system, and no certificate of our own.
  public init() {}
}
