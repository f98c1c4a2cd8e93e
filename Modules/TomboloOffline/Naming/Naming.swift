import Synchronization
import TomboloPorts
import TomboloQueue
import TomboloStorage

/// Everything that changes when the server names a thing, read at one moment, to be committed if all of it still stands.
struct Naming {
  private let store: OfflineStore
  private let names: [String: String]
  private var batch = Batch()
  private var operations: [OperationID] = []
  private var documents: [DocumentKey: (record: DocumentRecord, revision: Revision?)] = [:]

  /// - Parameter identity: what is known of the temporary identifier; `nil` when its creation was never queued.
  init(
    of temporary: String, as name: String, _ identity: OfflineStore.FoundIdentity?, in store: OfflineStore
  ) async throws {
    self.store = store
    names = [temporary: name]
    var record = identity?.record ?? IdentityRecord(creator: nil, namespace: nil, orderingKey: nil)
    record.name = name
    batch.checks.append(Check(key: IdentityKey.identity(temporary), expected: identity?.revision))
    batch.put(IdentityKey.identity(temporary), record.encoded())
    try await find(temporary, name)
  }

  /// Reads what mentions the thing. Each mention changes its identity, so none comes between this and the commit.
  private mutating func find(_ temporary: String, _ name: String) async throws {
    var range = IdentityKey.mentions(temporary)
    while true {
      let page = try await store.door.store.scan(range, limit: 256)
      for stored in page {
        let mention = try MentionRecord(stored.value)
        batch.delete(stored.key)
        if let key = mention.operation { try await find(operation: key, mention.namespace, temporary, name) }
        if let key = mention.document { try await find(document: key) }
      }
      guard page.count == 256, let last = page.last else { return }
      range.lower = Key(last.key.bytes + [0])
    }
  }

  private mutating func find(document key: DocumentKey) async throws {
    guard documents[key] == nil else { return }
    let found = try await store.load(key)
    // Named itself meanwhile, it has moved to its name.
    let name = found.revision == nil ? try await store.currentIdentifier(key.id) : key.id
    guard name != key.id else { return documents[key] = found }
    try await find(document: DocumentKey(type: key.type, id: name))
  }

  private mutating func find(
    operation key: String, _ namespace: String?, _ temporary: String, _ name: String
  ) async throws {
    let found = try await store.queue.standings(ofIdempotencyKeys: [key], namespace: namespace).first
    guard let standing = found ?? nil, let snapshot = try await store.queue.snapshot(standing.id) else { return }
    operations.append(standing.id)
    // Newer operations of the same thing join its line, though they know it by its name.
    guard let old = snapshot.operation.orderingKey, old.contains(temporary) else { return }
    let new = old.replacing(temporary, with: name)
    guard try await store.queue.line(new, namespace: namespace).isEmpty else { return }
    store.orderingKeysAreKept.withLock { $0 = true }
    batch.put(IdentityKey.orderingKey(new, namespace: namespace), Array(old.utf8))
  }

  /// Has the document go by its name; what is known under the name already stays.
  mutating func move(
    from old: DocumentKey, to new: DocumentKey, _ change: (inout DocumentRecord) throws -> Void
  ) async throws {
    let source = try await loaded(old)
    var target = try await loaded(new)
    target.record.absorb(source.record)
    try change(&target.record)
    documents[old] = (DocumentRecord(), source.revision)
    documents[new] = target
  }

  private func loaded(_ key: DocumentKey) async throws -> (record: DocumentRecord, revision: Revision?) {
    if let known = documents[key] { return known }
    return try await store.load(key)
  }

  func commit() async throws {
    var batch = batch
    let names = names
    for (key, document) in documents {
      var record = document.record
      record.rename(names)
      batch.append(record.batch(at: key, replacing: document.revision))
    }
    defer { store.watchers.tell(documents.keys) }
    try await store.queue.rewrite(operations, alongside: batch) { TemporaryIdentifier.renaming($0, names) }
  }
}

extension DocumentRecord {
  /// Takes over what is known of the same document under its temporary identifier.
  fileprivate mutating func absorb(_ other: DocumentRecord) {
    if heardAt == nil { base = base ?? other.base }
    pending = Self.merged(other.pending, pending)
    notices = Array((other.notices + notices).suffix(Self.noticeCountMaximum))
    droppedNoticeCount += other.droppedNoticeCount
  }

  /// Two lists of edits as one, by when they were made. Each stays in the order it is in, also where the clock was set back.
  private static func merged(_ first: [PendingEdit], _ second: [PendingEdit]) -> [PendingEdit] {
    var merged: [PendingEdit] = []
    var rest = second[...]
    for edit in first {
      while let next = rest.first, next.madeAt < edit.madeAt { merged.append(rest.removeFirst()) }
      merged.append(edit)
    }
    return merged + rest
  }

  fileprivate mutating func rename(_ names: [String: String]) {
    if let base { self.base?.bytes = TemporaryIdentifier.renaming(base.bytes, names) }
    for index in pending.indices {
      pending[index].payload = TemporaryIdentifier.renaming(pending[index].payload, names)
    }
  }
}
