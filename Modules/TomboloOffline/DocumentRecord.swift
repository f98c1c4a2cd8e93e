import TomboloPorts
import TomboloStorage

/// What is stored of one document: what the server last said, the edits made over it, and what is to be told.
struct DocumentRecord: Hashable, Sendable {
  /// The most notices kept of one document; older ones go when nobody acknowledges them, and are counted.
  static let noticeCountMaximum = 64

  /// What the server last said; `nil` when it never said anything, or that there is none.
  var base: StoredDocument?
  /// Where that copy stands in the server's own order.
  var serverVersion: UInt64?
  var tag: String?
  /// When the server was last heard; `nil` when it never was.
  var heardAt: Timestamp?
  /// In the order they were made.
  var pending: [PendingEdit] = []
  var notices: [EditNotice] = []
  var droppedNoticeCount = 0

  init() {}

  var isEmpty: Bool { self == DocumentRecord() }
  var needsAttention: Bool { !pending.isEmpty || !notices.isEmpty }

  /// Takes an edit out and notes that it came to nothing. Answers with the notice; `nil` when the edit is not pending.
  mutating func rollBack(
    _ editID: String, of key: DocumentKey, end: OperationState?, reason: String, at now: Timestamp
  ) -> EditNotice? {
    guard let index = pending.firstIndex(where: { $0.id == editID }) else { return nil }
    let edit = pending.remove(at: index)
    let notice = EditNotice(
      documentType: key.type, documentID: key.id, editID: edit.id, kind: edit.kind, end: end, reason: reason, at: now)
    notices.append(notice)
    if notices.count > Self.noticeCountMaximum {
      notices.removeFirst()
      droppedNoticeCount += 1
    }
    return notice
  }

  /// The server has this edit: it is not pending any more, nor did it come to nothing, should that have been said of it before.
  mutating func accept(_ editID: String?) {
    pending.removeAll { $0.id == editID }
    notices.removeAll { $0.editID == editID }
  }

  /// Has the pending edit of this operation be what the operation says by now. Answers with whether there is one.
  @discardableResult
  mutating func adopt(_ operation: SyncOperation) -> Bool {
    let own = pending.firstIndex {
      $0.id == operation.idempotencyKey && $0.kind == operation.kind && $0.namespace == operation.namespace
    }
    guard let index = own else { return false }
    pending[index].payload = operation.payload
    pending[index].version = operation.version
    return true
  }

  /// The changes that put this record in the place of the one read with `revision`, if that still stands.
  func batch(at key: DocumentKey, replacing revision: Revision?) -> Batch {
    var batch = Batch(checks: [Check(key: key.record, expected: revision)])
    if isEmpty {
      if revision != nil { batch.delete(key.record) }
    } else {
      batch.put(key.record, encoded(at: key))
    }
    if needsAttention { batch.put(key.attention, []) } else { batch.delete(key.attention) }
    return batch
  }
}
