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
    _ = try await take(copy, for: id, answering: editID, fetch: nil, durability: nil)
  }

  /// Answers with whether the copy was looked at: one that was fetched is not, when an edit overtook it.
  ///
  /// - Parameters:
  ///   - fetch: the fetch that brought it, in the store's `fetches`.
  ///   - durability: less than the store's own for what can be asked again.
  func take(
    _ copy: ServerCopy<Document>, for id: String, answering editID: String?, fetch: Int?, durability: StoreDurability?
  ) async throws -> Bool {
    if let name = copy.identifier, name != id, TemporaryIdentifier.isTemporary(id) {
      try await take(copy, naming: id, name, answering: editID)
      return true
    }
    let (key, now) = (key(try await store.currentIdentifier(id)), store.time.now)
    if editID != nil { store.fetches.overtake(key) }
    let (notices, isTaken) = try await store.change(key, durability: durability) { record in
      let notices = try await settle(&record, at: key, now)
      if let fetch, store.fetches.isOvertaken(fetch) { return (notices, false) }
      record.accept(editID)
      try record.take(copy, at: now)
      return (notices, true)
    }.answer
    for notice in notices { store.onNotice(notice) }
    return isTaken
  }

  /// Takes an edit back that came to nothing. Does nothing when it is not pending.
  ///
  /// - Parameters:
  ///   - end: how its operation ended; `nil` when that is not known.
  ///   - reason: why, in words for a person.
  public func rollBack(_ editID: String, of id: String, end: OperationState?, reason: String) async throws {
    let (key, now) = (key(try await store.currentIdentifier(id)), store.time.now)
    let notice = try await store.change(key) { record in
      record.rollBack(editID, of: key, end: end, reason: reason, at: now)
    }.answer
    if let notice { store.onNotice(notice) }
  }

  /// Has an edit that the server took be pending as what was delivered of it, where it was merged with the server's version or
  /// changed by a person: once its operation is settled, it becomes part of what the server said as the server has it.
  ///
  /// One that had been taken back, and was put in line again by hand, is pending again, as long as the notice of that is there;
  /// the notice goes.
  /// Any other that is not pending is a part of what the server said already, or was never noted as an edit of this document.
  func adopt(_ operation: SyncOperation, in id: String) async throws {
    let id = try await store.currentIdentifier(id)
    store.fetches.overtake(key(id))
    let known = try await store.load(key(id)).record
    var adopted = known
    if adopted.adopt(operation) {
      // As almost always: it was delivered as it was made.
      if adopted == known { return }
    } else {
      // So that those which were delivered before it do not pile up behind it.
      _ = try await settle(id)
    }
    _ = try await store.change(key(id)) { record in
      if record.adopt(operation) { return }
      guard record.notices.contains(where: { $0.editID == operation.idempotencyKey }) else { return }
      record.notices.removeAll { $0.editID == operation.idempotencyKey }
      record.pending.append(
        PendingEdit(
          id: operation.idempotencyKey, kind: operation.kind, madeAt: operation.enqueuedAt, version: operation.version,
          namespace: operation.namespace, payload: operation.payload))
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
    let (record, notices) = try await store.change(key) { record in try await settle(&record, at: key, now) }
    for notice in notices { store.onNotice(notice) }
    return record
  }

  /// Answers with what is to be told once that is stored.
  private func settle(
    _ record: inout DocumentRecord, at key: DocumentKey, _ now: Timestamp
  ) async throws -> [EditNotice] {
    var notices: [EditNotice] = []
    for (edit, standing) in try await standings(of: record.pending) {
      switch standing?.state {
      case .pending, .delivering, .retrying, .blocked, .parked:
        // A person may have given it another payload, and that is what is to show.
        if let operation = standing?.operation { record.adopt(operation) }
      case .delivered:
        record.pending.removeAll { $0.id == edit.id }
        guard !edit.isIncluded else { continue }
        var base = try record.base.map { try $0.decoded(as: Document.self) }
        if apply(edit, to: &base) { record.base = try base.map { try StoredDocument($0) } }
      case .deadLettered, .discarded, .expired, .superseded, nil:
        let reason =
          standing.map(Self.reason) ?? "it ended longer ago than the queue remembers, and nothing is known of how"
        let notice = record.rollBack(edit.id, of: key, end: standing?.state, reason: reason, at: now)
        if let notice { notices.append(notice) }
      }
    }
    return notices
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
    let known = standing.detail ?? standing.lastFailure?.message
    return switch standing.state {
    case .expired:
      "it was not delivered before it expired" + (known.map { "; the last attempt failed: \($0)" } ?? "")
    case .discarded: known ?? "its operation was discarded, and nobody said why"
    case .superseded: known ?? "a newer operation took the place of its own"
    default: known ?? "it could not be delivered, and nothing is known of why"
    }
  }
}
