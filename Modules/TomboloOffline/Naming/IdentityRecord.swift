import TomboloPorts
import TomboloStorage

/// What is known of a temporary identifier: who creates the thing, and what the server calls it.
struct IdentityRecord: Hashable, Sendable {
  /// The edit that creates the thing at the server: the idempotency key of its operation. `nil` when it was never queued.
  var creator: String?
  var namespace: String?
  /// The ordering key of the creating operation.
  var orderingKey: String?
  /// How many operations and documents mentioned it, each time they were written. Every mention changes this record, so that a
  /// naming on its way notices.
  var mentionCount = 0
  /// What the server calls it.
  var name: String?

  private static let layout: UInt8 = 1

  init(creator: String?, namespace: String?, orderingKey: String?) {
    self.creator = creator
    self.namespace = namespace
    self.orderingKey = orderingKey
  }

  func encoded() -> [UInt8] {
    var record = RecordEncoder(version: Self.layout)
    for text in [creator, namespace, orderingKey, name] {
      record.append(UInt8(text == nil ? 0 : 1))
      if let text { record.append(text) }
    }
    record.append(UInt64(mentionCount))
    return record.sealed()
  }

  init(_ value: [UInt8]) throws {
    var record = try RecordDecoder(value, newestVersion: Self.layout)
    var texts: [String?] = []
    for _ in 0..<4 { texts.append(try record.byte() == 1 ? try record.string() : nil) }
    (creator, namespace, orderingKey, name) = (texts[0], texts[1], texts[2], texts[3])
    mentionCount = try record.count()
  }
}

/// One place where a temporary identifier is mentioned: an operation, a document, or an edit, which is both.
struct MentionRecord: Hashable, Sendable {
  /// The idempotency key of the operation.
  var operation: String?
  var namespace: String?
  var document: DocumentKey?

  private static let layout: UInt8 = 1

  init(operation: String?, namespace: String?, document: DocumentKey?) {
    self.operation = operation
    self.namespace = namespace
    self.document = document
  }

  func encoded() -> [UInt8] {
    var record = RecordEncoder(version: Self.layout)
    for text in [operation, namespace, document?.type, document?.id] {
      record.append(UInt8(text == nil ? 0 : 1))
      if let text { record.append(text) }
    }
    return record.sealed()
  }

  init(_ value: [UInt8]) throws {
    var record = try RecordDecoder(value, newestVersion: Self.layout)
    var texts: [String?] = []
    for _ in 0..<4 { texts.append(try record.byte() == 1 ? try record.string() : nil) }
    (operation, namespace) = (texts[0], texts[1])
    if let type = texts[2], let id = texts[3] { document = DocumentKey(type: type, id: id) }
  }
}
