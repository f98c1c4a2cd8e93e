/// An operation as `GET /v1/operations` and `GET /v1/operations/{id}` tell of it.
///
/// Every key but `payload`, `payloadBase64`, `conflict`, `progress`, `awaiting` and `namespace` is always there, as `null` where there is
/// nothing to say. The answer about a single operation also has the key `base`, where one was given: what the payload was before the
/// change, byte for byte.
public struct WireOperation: Hashable, Sendable, Codable {
  public var id: String
  public var kind: String
  public var version: Int
  /// `critical`, `high`, `normal`, `low` or `background`.
  public var priority: String
  /// `pending`, `delivering`, `retrying`, `blocked`, `parked` or `deadLettered`.
  public var state: String
  public var orderingKey: String?
  public var coalescingKey: String?
  public var idempotencyKey: String
  public var enqueuedAt: WireTimestamp
  public var notBefore: WireTimestamp?
  public var expiresAt: WireTimestamp?
  /// How many attempts counted.
  public var attempts: Int
  public var lastError: WireDeliveryFailure?
  /// When it is due, if it waits for a time.
  public var nextDueAt: WireTimestamp?
  /// Why it is not delivered right now, in a sentence.
  public var waitingReason: String?
  /// With `blocked`: the operation of its ordering key that is delivered first.
  public var behind: String?
  /// With `blocked`: the operations it was told to wait for (`after`) that are not gone; left out when there are none.
  public var awaiting: [String]?
  /// Whose operation it is; left out when it is nobody's.
  public var namespace: String?
  /// How many bytes the payload has.
  public var payloadBytes: Int
  public var headers: [String: String]
  /// The payload, when it is JSON. Only in the answer about a single operation, as are the next one's bytes.
  public var payload: WireJSON?
  /// The payload, when it is something else.
  public var payloadBase64: String?
  /// With `parked`, in the answer about a single operation: the upstream's version that a person has to decide about.
  public var conflict: WireConflict?
  /// How far its handler has come, in words; left out when it has not said.
  public var progress: String?

  /// Writes every key but those that are left out, as `null` where there is nothing.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(id, forKey: .id)
    try container.encode(kind, forKey: .kind)
    try container.encode(version, forKey: .version)
    try container.encode(priority, forKey: .priority)
    try container.encode(state, forKey: .state)
    try container.encode(orderingKey, forKey: .orderingKey)
    try container.encode(coalescingKey, forKey: .coalescingKey)
    try container.encode(idempotencyKey, forKey: .idempotencyKey)
    try container.encode(enqueuedAt, forKey: .enqueuedAt)
    try container.encode(notBefore, forKey: .notBefore)
    try container.encode(expiresAt, forKey: .expiresAt)
    try container.encode(attempts, forKey: .attempts)
    try container.encode(lastError, forKey: .lastError)
    try container.encode(nextDueAt, forKey: .nextDueAt)
    try container.encode(waitingReason, forKey: .waitingReason)
    try container.encode(behind, forKey: .behind)
    try container.encodeIfPresent(awaiting, forKey: .awaiting)
    try container.encodeIfPresent(namespace, forKey: .namespace)
    try container.encode(payloadBytes, forKey: .payloadBytes)
    try container.encode(headers, forKey: .headers)
    try container.encodeIfPresent(payload, forKey: .payload)
    try container.encodeIfPresent(payloadBase64, forKey: .payloadBase64)
    try container.encodeIfPresent(conflict, forKey: .conflict)
    try container.encodeIfPresent(progress, forKey: .progress)
  }
}

/// Why an operation's last attempt did not succeed.
public struct WireDeliveryFailure: Hashable, Sendable, Codable {
  /// For programs: `unreachable`, `timeout`, `refused`, …
  public var code: String
  /// For people.
  public var message: String
  public var at: WireTimestamp?

  /// Writes every key, as `null` where there is nothing.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(code, forKey: .code)
    try container.encode(message, forKey: .message)
    try container.encode(at, forKey: .at)
  }
}
