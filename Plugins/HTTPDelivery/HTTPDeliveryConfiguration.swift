public import TomboloPorts

/// How an `HTTPDelivery` reaches its upstream.
public struct HTTPDeliveryConfiguration: Sendable {
  /// Where the upstream is: `http://127.0.0.1:9000` or `https://api.example.com/v2`. No query, no fragment, no credentials.
  public var baseURL: String
  /// The longest an attempt may take, from the request for a connection to the last byte of the answer.
  public var timeout: Duration = .seconds(10)
  /// The longest a connection may take to come about, the TLS handshake included. Shorter than `timeout`, so that a dead upstream is
  /// told from a slow one.
  public var connectTimeout: Duration = .seconds(3)
  /// Sent with every request. Their values are treated as secrets.
  public var headers: [OperationHeader] = []
  /// Sent as `Authorization: Bearer …`.
  public var bearerToken: String?
  /// The first that matches an operation's kind says where it goes. Where none does, `HTTPRoute.standard` holds.
  public var routes: [HTTPRoute] = []
  /// How long an upstream rests that answered 401 or 403.
  public var unauthorizedPause: Duration = .seconds(60)
  /// How many connections may be open at once. Further attempts wait for one, within `timeout`.
  public var connectionsMaximum = 64
  /// How much of an answer is read. The remote version of a conflict must fit in to reach the resolver.
  public var responseBytesMaximum = 1 << 20

  public init(baseURL: String) {
    self.baseURL = baseURL
  }
}
