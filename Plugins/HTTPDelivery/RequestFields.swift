import TomboloPorts

/// The header fields of one attempt.
///
/// Three parties have a say. What this module sends about the operation always stands; then what the operator configured;
/// then what travels with the operation, for names that are still free. Only `Content-Type` is the operation's before it is
/// the operator's: it is the one that knows its payload.
struct RequestFields {
  /// Fields that describe the message or the connection. Whoever sets them could make the two ends disagree about where a
  /// request ends, so they are the client's alone.
  private static let transportNames: Set<String> = [
    "host", "content-length", "transfer-encoding", "connection", "keep-alive", "proxy-connection", "upgrade", "te",
    "trailer", "expect",
  ]
  private static let ownNames: Set<String> = [
    "idempotency-key", "tombolo-operation-id", "tombolo-attempt", "tombolo-ordering-key", "tombolo-priority",
    "if-match",
  ]
  private static let contentType = "content-type"
  private static let traceParent = "traceparent"

  /// In the order in which they are sent.
  private(set) var fields: [OperationHeader] = []

  /// - Throws: `DeliveryFailure` with the code `refused` when something of the operation cannot be said in HTTP.
  init(_ operation: SyncOperation, attempt: DeliveryAttempt, configured: [OperationHeader]) throws {
    try appendKey("Idempotency-Key", operation.idempotencyKey, called: "idempotency key")
    fields.append(OperationHeader(name: "Tombolo-Operation-Id", value: operation.id.description))
    fields.append(OperationHeader(name: "Tombolo-Attempt", value: String(attempt.number)))
    if let key = operation.orderingKey { try appendKey("Tombolo-Ordering-Key", key, called: "ordering key") }
    fields.append(OperationHeader(name: "Tombolo-Priority", value: operation.priority.name))
    if let tag = attempt.replacing?.tag, !tag.isEmpty {
      try appendKey("If-Match", tag, called: "entity tag of the version to replace")
    }

    var taken = Set<String>()
    var hasContentType = false
    let configuredNames = Set(configured.map { HeaderName.folded($0.name) }).subtracting([Self.contentType])
    for (position, header) in operation.headers.enumerated() {
      guard FieldSyntax.isName(header.name) else {
        throw Self.refusal("header \(position + 1) of the operation has a name that HTTP does not allow")
      }
      guard FieldSyntax.isValue(header.value) else {
        throw Self.refusal(
          "the value of the operation's header '\(header.name)' holds a line break or control character")
      }
      let name = HeaderName.folded(header.name)
      if Self.isReserved(name) || configuredNames.contains(name) { continue }
      if name == Self.contentType {
        if hasContentType { continue }
        hasContentType = true
      }
      taken.insert(name)
      fields.append(header)
    }
    if !taken.contains(Self.traceParent), !configuredNames.contains(Self.traceParent) {
      fields.append(OperationHeader(name: Self.traceParent, value: Self.traceParent(operation.id, attempt.number)))
    }
    fields += configured.filter { !taken.contains(HeaderName.folded($0.name)) }
    hasContentType = hasContentType || configured.contains { HeaderName.folded($0.name) == Self.contentType }
    if !hasContentType { fields.append(OperationHeader(name: "Content-Type", value: "application/octet-stream")) }
  }

  /// A W3C trace context (version 00) for an operation that brings none: the trace is the operation's identifier, the same
  /// on every attempt, and the span is the attempt. Not sampled, since nobody here records it.
  private static func traceParent(_ id: OperationID, _ attempt: Int) -> String {
    let trace = id.description.filter { $0 != "-" }
    let span = String(id.low ^ UInt64(max(1, attempt)) | 1 << 63, radix: 16)
    return "00-\(trace)-\(span)-00"
  }

  /// Whether nobody but this module may set a field of this name.
  static func isReserved(_ name: String) -> Bool {
    let name = HeaderName.folded(name)
    return transportNames.contains(name) || ownNames.contains(name)
  }

  private mutating func appendKey(_ name: String, _ value: String, called words: String) throws {
    guard FieldSyntax.isFaithfulValue(value) else {
      throw Self.refusal(
        "the \(words) cannot be sent in the field \(name): it holds a line break or control character, or begins or ends "
          + "with white space")
    }
    fields.append(OperationHeader(name: name, value: value))
  }

  private static func refusal(_ reason: String) -> DeliveryFailure {
    DeliveryFailure(.refused, "not sent: \(reason)")
  }
}
