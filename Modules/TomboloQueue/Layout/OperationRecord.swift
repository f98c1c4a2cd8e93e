import TomboloPorts
import TomboloStorage

/// The stored form of an operation: everything but its identifier, which is in the key.
enum OperationRecord {
  /// Version 2 has the fields `namespace`, `after` and `base`; what has none of them is written as version 1, so that an
  /// older program can read it.
  private static let newestVersion: UInt8 = 2

  /// Optional fields, as bits.
  private struct Presence: OptionSet {
    let rawValue: UInt8
    static let orderingKey = Presence(rawValue: 1)
    static let idempotencyKey = Presence(rawValue: 2)
    static let coalescingKey = Presence(rawValue: 4)
    static let notBefore = Presence(rawValue: 8)
    static let expiresAt = Presence(rawValue: 16)
    static let after = Presence(rawValue: 32)
    static let namespace = Presence(rawValue: 64)
    static let base = Presence(rawValue: 128)
    static let sinceVersion2: Presence = [.after, .namespace, .base]
  }

  /// - Parameter after: what `operation.after` names.
  static func encode(
    _ operation: NewOperation, enqueuedAt: Timestamp, after: [OperationID] = []
  ) -> [UInt8] {
    var presence: Presence = []
    if operation.orderingKey != nil { presence.insert(.orderingKey) }
    if operation.idempotencyKey != nil { presence.insert(.idempotencyKey) }
    if operation.coalescingKey != nil { presence.insert(.coalescingKey) }
    if operation.notBefore != nil { presence.insert(.notBefore) }
    if operation.expiresAt != nil { presence.insert(.expiresAt) }
    if !after.isEmpty { presence.insert(.after) }
    if operation.namespace != nil { presence.insert(.namespace) }
    if operation.base != nil { presence.insert(.base) }

    let version: UInt8 = presence.isDisjoint(with: .sinceVersion2) ? 1 : 2
    // With room for the numbers, and for some of the short texts that there may be.
    let hasTexts = !presence.isEmpty || !operation.headers.isEmpty
    let byteCount =
      operation.kind.utf8.count + (operation.base?.count ?? 0) + 16 * after.count + (hasTexts ? 400 : 40)
    return RecordWriter.record(version: version, endingWith: operation.payload, byteCount: byteCount) { record in
      record.append(presence.rawValue)
      record.append(operation.priority.rawValue)
      record.append(operation.kind)
      record.append(UInt64(operation.version))
      record.append(enqueuedAt)
      if let orderingKey = operation.orderingKey { record.append(orderingKey) }
      if let idempotencyKey = operation.idempotencyKey { record.append(idempotencyKey) }
      if let coalescingKey = operation.coalescingKey { record.append(coalescingKey) }
      if let notBefore = operation.notBefore { record.append(notBefore) }
      if let expiresAt = operation.expiresAt { record.append(expiresAt) }
      if !after.isEmpty {
        record.append(UInt64(after.count))
        for id in after { record.append(id) }
      }
      if let namespace = operation.namespace { record.append(namespace) }
      if let base = operation.base { record.append(base) }
      record.append(UInt64(operation.headers.count))
      for header in operation.headers {
        record.append(header.name)
        record.append(header.value)
      }
    }
  }

  static func decode(_ value: [UInt8], id: OperationID) throws(RecordError) -> StoredOperation {
    var record = try RecordDecoder(value, newestVersion: newestVersion)
    let presence = Presence(rawValue: try record.byte())
    guard let priority = OperationPriority(rawValue: try record.byte()) else {
      throw .damaged("an operation has an unknown priority")
    }
    // In the order in which they are written.
    let (kind, version, enqueuedAt) = (try record.string(), try record.count(), try record.timestamp())
    let orderingKey = presence.contains(.orderingKey) ? try record.string() : nil
    let idempotencyKey = presence.contains(.idempotencyKey) ? try record.string() : nil
    let coalescingKey = presence.contains(.coalescingKey) ? try record.string() : nil
    let notBefore = presence.contains(.notBefore) ? try record.timestamp() : nil
    let expiresAt = presence.contains(.expiresAt) ? try record.timestamp() : nil
    var after: [OperationID] = []
    if presence.contains(.after) {
      for _ in 0..<(try record.count()) { after.append(try record.operationID()) }
    }
    let namespace = presence.contains(.namespace) ? try record.string() : nil
    let base = presence.contains(.base) ? try record.byteArray() : nil
    var headers: [OperationHeader] = []
    // The count is not believed: a header takes at least two bytes, and reading past the end throws.
    for _ in 0..<(try record.count()) {
      headers.append(OperationHeader(name: try record.string(), value: try record.string()))
    }
    let operation = SyncOperation(
      id: id, kind: kind, version: version, priority: priority, orderingKey: orderingKey,
      idempotencyKey: idempotencyKey, coalescingKey: coalescingKey, enqueuedAt: enqueuedAt, notBefore: notBefore,
      expiresAt: expiresAt, namespace: namespace, after: after, base: base, headers: headers,
      payload: try record.byteArray())
    return StoredOperation(operation: operation, hasOwnIdempotencyKey: presence.contains(.idempotencyKey))
  }
}

/// An operation as it was read back.
struct StoredOperation: Sendable {
  var operation: SyncOperation
  /// Whether the caller gave the idempotency key, so that it is remembered after the operation is gone.
  var hasOwnIdempotencyKey: Bool
  /// Its record as it was read, where that is its only one: its entry in the ready index, too.
  var single: [UInt8]?
}
