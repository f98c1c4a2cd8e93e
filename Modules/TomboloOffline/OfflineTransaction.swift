public import TomboloPorts
public import TomboloQueue

/// What is to be committed together: changes of documents, operations, and records of one's own.
public struct OfflineTransaction {
  /// The most pending edits of one document.
  public static let pendingCountMaximum = 1_000

  private(set) var changes: [TransactionChange] = []
  private(set) var namedEdits: [(id: String, namespace: String?)] = []
  private(set) var operations: [NewOperation] = []
  private(set) var companion = Batch()
  private let time: any TimeSource
  private let ids: any OperationIDSource

  init(time: any TimeSource, ids: any OperationIDSource) {
    self.time = time
    self.ids = ids
  }

  /// Changes a document here, and has the server told.
  ///
  /// - Parameters:
  ///   - editID: names the edit, so that writing it twice, or after it was tried online, counts once.
  /// - Returns: the edit's identity, which is the idempotency key of its operation.
  @discardableResult
  public mutating func edit<Edit: DocumentEdit>(
    _ documents: DocumentCollection<Edit.Document>, _ edit: Edit, priority: OperationPriority = .normal,
    editID: String? = nil, namespace: String? = nil, expiresAt: Timestamp? = nil
  ) throws -> String {
    try self.edit(
      documents, edit, priority: priority, editID: editID, isNew: editID == nil, namespace: namespace,
      expiresAt: expiresAt)
  }

  /// - Parameter isNew: whether nobody can have used `editID` before, so that the queue need not be asked about it.
  @discardableResult
  mutating func edit<Edit: DocumentEdit>(
    _ documents: DocumentCollection<Edit.Document>, _ edit: Edit, priority: OperationPriority, editID: String?,
    isNew: Bool, namespace: String?, expiresAt: Timestamp? = nil
  ) throws -> String {
    guard documents.knows(Edit.self) else {
      throw OfflineError(
        .unknownEdit,
        "the collection of \(Edit.Document.documentType) does not know \(Edit.kind): add .edited(by: \(Edit.self).self)"
      )
    }
    let now = time.now
    let id = editID ?? ids.next(at: now).description
    if !isNew { namedEdits.append((id, namespace)) }
    let operation = try NewOperation(
      edit, orderingKey: edit.orderingKey, priority: priority, idempotencyKey: id, expiresAt: expiresAt,
      namespace: namespace)
    operations.append(operation)
    let pending = PendingEdit(
      id: id, kind: Edit.kind, madeAt: now, version: Edit.version, namespace: namespace, payload: operation.payload)
    changes.append(.edit(edit, of: documents, as: pending, operationIndex: operations.count - 1))
    return id
  }

  /// Stores a document as if the server had said so: for what exists here alone, or what another operation tells it.
  public mutating func put<Document: OfflineDocument>(
    _ document: Document, at id: String, in documents: DocumentCollection<Document>
  ) throws {
    changes.append(.put(try StoredDocument(document), at: documents.key(id)))
  }

  /// Adds an operation that no document shows.
  public mutating func enqueue(_ operation: NewOperation) {
    operations.append(operation)
  }

  /// Adds changes of one's own records. Keys that begin with `q` or `d` belong to the queue and the documents.
  public mutating func add(_ batch: Batch) throws {
    let keys = batch.checks.map(\.key) + batch.mutations.map(\.key)
    if let key = keys.first(where: { $0.bytes.first == DocumentKey.tag }) {
      throw QueueError(
        .invalidOperation, "the batch names the key \(key): keys that begin with d are the documents' own",
        field: "batch")
    }
    companion.append(batch)
  }
}
