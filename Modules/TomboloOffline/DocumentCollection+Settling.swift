public import TomboloPorts
import TomboloQueue
import TomboloStorage

extension DocumentCollection {
  /// Takes what the server says about a document. Edits that it does not have yet stay, and show over it.
  ///
  /// A copy with an `identifier` names the document: in the same commit everything that mentions the temporary identifier, queued
  /// operations and documents, is rewritten.
  ///
  /// - Parameter editID: the edit that this is the answer to, which is part of the copy from now on.
  public func take(_ copy: ServerCopy<Document>, for id: String, answering editID: String? = nil) async throws {
    if let name = copy.identifier, name != id, TemporaryIdentifier.isTemporary(id) {
      return try await take(copy, naming: id, name, answering: editID)
    }
    let id = try await store.currentIdentifier(id)
    _ = try await settle(id)
    let now = store.time.now
    _ = try await store.change(key(id)) { record in
      record.pending.removeAll { $0.id == editID }
      try record.take(copy, at: now)
    }
  }

  /// Takes an edit back that came to nothing. Does nothing when it is not pending.
  public func rollBack(_ editID: String, of id: String, end: OperationState, reason: String) async throws {
    let (key, now) = (key(try await store.currentIdentifier(id)), store.time.now)
    let notice = try await store.change(key) { record in
      record.rollBack(editID, of: key, end: end, reason: reason, at: now)
    }.answer
    if let notice { store.onNotice(notice) }
  }

  /// Has a pending edit be what was delivered of it, where it was merged with the server's version: delivered, it becomes part of
  /// what the server said as the server has it.
  func adopt(_ operation: SyncOperation, in id: String) async throws {
    _ = try await store.change(key(try await store.currentIdentifier(id))) { record in
      guard let index = record.pending.firstIndex(where: { $0.id == operation.idempotencyKey }) else { return }
      record.pending[index].payload = operation.payload
      record.pending[index].version = operation.version
    }
  }

  /// Brings every document of this type that has pending edits up to what became of them, and answers with how many that
  /// were.
  @discardableResult
  public func settleAll() async throws -> Int {
    var range = DocumentKey.attentionRange(type: Document.documentType)
    var count = 0
    while true {
      let page = try await store.door.store.scan(range, limit: 256)
      for record in page {
        guard let key = DocumentKey(attention: record.key) else { continue }
        _ = try await settle(key.id)
        count += 1
      }
      guard page.count == 256, let last = page.last else { return count }
      range.lower = Key(last.key.bytes + [0])
    }
  }

  /// Brings one document up to what became of its pending edits: a delivered one becomes part of what the server said, one
  /// that came to nothing is taken back.
  func settle(_ id: String) async throws -> DocumentRecord {
    let (key, now) = (key(id), store.time.now)
    let (record, notices) = try await store.change(key) { record in
      var notices: [EditNotice] = []
      for (edit, standing) in try await standings(of: record.pending) {
        switch standing?.state {
        case .pending, .delivering, .retrying, .blocked, .parked: continue
        case .superseded: record.pending.removeAll { $0.id == edit.id }
        case .delivered:
          record.pending.removeAll { $0.id == edit.id }
          guard !edit.isIncluded else { continue }
          var base = try record.base.map { try $0.decoded(as: Document.self) }
          if apply(edit, to: &base) { record.base = try base.map { try StoredDocument($0) } }
        case .deadLettered, .discarded, .expired, nil:
          let reason = standing.map(Self.reason) ?? "it ended long ago, and nothing is known of how"
          let notice = record.rollBack(
            edit.id, of: key, end: standing?.state ?? .discarded, reason: reason, at: now)
          if let notice { notices.append(notice) }
        }
      }
      return notices
    }
    for notice in notices { store.onNotice(notice) }
    return record
  }

  private func standings(of edits: [PendingEdit]) async throws -> [(PendingEdit, OperationStanding?)] {
    var answer: [(PendingEdit, OperationStanding?)] = []
    for (namespace, group) in Dictionary(grouping: edits, by: \.namespace) {
      let found = try await store.queue.standings(ofIdempotencyKeys: group.map(\.id), namespace: namespace)
      answer += zip(group, found)
    }
    // In the order they were made, whatever the namespaces.
    let order = Dictionary(edits.enumerated().map { ($1.id, $0) }, uniquingKeysWith: min)
    return answer.sorted { order[$0.0.id, default: 0] < order[$1.0.id, default: 0] }
  }

  private static func reason(_ standing: OperationStanding) -> String {
    switch standing.state {
    case .expired: "it was not delivered before it expired"
    case .discarded: "its operation was discarded, or the server's version was kept"
    default: standing.lastFailure?.message ?? "it could not be delivered"
    }
  }
}
