import GRPCCore
import TomboloPorts

/// The metadata of one attempt.
///
/// Three parties have a say, as in a delivery by HTTP. What this module sends about the operation always stands; then what the
/// operator configured; then what travels with the operation, for names that are still free.
///
/// Metadata is ASCII. A text that is not, or that has a space at an end, goes as its UTF-8 bytes under the name with `-bin`
/// appended: `tombolo-ordering-key-bin`. Nothing is changed on the way.
struct CallMetadata {
  /// Entries that describe the message or the connection: the driver's alone.
  private static let transportNames: Set<String> = [
    "host", "content-length", "content-type", "transfer-encoding", "connection", "keep-alive", "proxy-connection",
    "upgrade", "te", "trailer", "expect", "user-agent",
  ]
  private static let ownNames: Set<String> = [
    "idempotency-key", "tombolo-operation-id", "tombolo-attempt", "tombolo-ordering-key", "tombolo-priority",
    "tombolo-kind", "if-match",
  ]
  private static let traceParent = "traceparent"

  private(set) var metadata: Metadata = [:]

  /// - Throws: `DeliveryFailure` with the code `refused` when a header of the operation cannot be sent.
  init(_ operation: SyncOperation, attempt: DeliveryAttempt, configured: [OperationHeader]) throws {
    add("idempotency-key", operation.idempotencyKey)
    add("tombolo-operation-id", operation.id.description)
    add("tombolo-attempt", String(attempt.number))
    add("tombolo-kind", operation.kind)
    if let key = operation.orderingKey { add("tombolo-ordering-key", key) }
    add("tombolo-priority", operation.priority.name)
    if let tag = attempt.replacing?.tag, !tag.isEmpty { add("if-match", tag) }

    let configuredNames = Set(configured.map { Self.base($0.name) })
    var taken: Set<String> = []
    for (position, header) in operation.headers.enumerated() {
      guard MetadataSyntax.isName(header.name) else {
        throw DeliveryFailure(
          .refused, "not sent: header \(position + 1) of the operation has a name that gRPC does not allow")
      }
      if Self.isReserved(header.name) || configuredNames.contains(Self.base(header.name)) { continue }
      taken.insert(Self.base(header.name))
      add(header.name, header.value)
    }
    for header in configured where !taken.contains(Self.base(header.name)) { add(header.name, header.value) }
    if !taken.contains(Self.traceParent), !configuredNames.contains(Self.traceParent) {
      add(Self.traceParent, Self.traceParent(operation.id, attempt.number))
    }
  }

  /// Whether nobody but this module and the driver may set an entry of this name.
  static func isReserved(_ name: String) -> Bool {
    let name = base(name)
    return transportNames.contains(name) || ownNames.contains(name) || name.hasPrefix("grpc-")
  }

  /// The name in lower case, without the mark of a binary value.
  private static func base(_ name: String) -> String {
    let name = HeaderName.folded(name)
    return name.hasSuffix(MetadataSyntax.binarySuffix)
      ? String(name.dropLast(MetadataSyntax.binarySuffix.count)) : name
  }

  private mutating func add(_ name: String, _ value: String) {
    let name = HeaderName.folded(name)
    if name.hasSuffix(MetadataSyntax.binarySuffix) {
      metadata.addBinary(Array(value.utf8), forKey: name)
    } else if MetadataSyntax.isText(value) {
      metadata.addString(value, forKey: name)
    } else {
      metadata.addBinary(Array(value.utf8), forKey: name + MetadataSyntax.binarySuffix)
    }
  }

  /// A W3C trace context (version 00) for an operation that brings none: the trace is the operation's identifier, the same
  /// on every attempt, and the span is the attempt. Not sampled, since nobody here records it.
  private static func traceParent(_ id: OperationID, _ attempt: Int) -> String {
    let trace = id.description.filter { $0 != "-" }
    let span = String(id.low ^ UInt64(max(1, attempt)) | 1 << 63, radix: 16)
    return "00-\(trace)-\(span)-00"
  }
}
