/// One operation that the upstream accepted, as it came in.
public struct ReceivedOperation: Codable, Hashable, Sendable {
  /// A header field of the request.
  public struct Field: Codable, Hashable, Sendable {
    public var name: String
    public var value: String

    public init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  /// Counts what was accepted, from 1.
  public var sequence: Int
  public var method: String
  /// The path without its first slash, percent-decoded.
  public var kind: String
  public var orderingKey: String?
  public var idempotencyKey: String?
  public var operationID: String?
  /// Which attempt it was that got through.
  public var attempt: Int?
  public var priority: String?
  public var headers: [Field]
  /// The beginning of the body, when it is UTF-8.
  public var body: String?
  /// How long the body is.
  public var byteCount: Int
  /// The port the request came from: requests of one connection have the same.
  public var clientPort: Int?
  public var receivedAtMilliseconds: Int64
  /// How often it came again.
  public var repeats: Int

  /// The value of the first header field of this name, upper or lower case.
  public func header(_ name: String) -> String? {
    headers.first { $0.name.lowercased() == name.lowercased() }?.value
  }
}
