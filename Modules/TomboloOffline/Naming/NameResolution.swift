import TomboloPorts
import TomboloQueue
import TomboloStorage

/// What a transaction becomes when the temporary identifiers in it are looked up: those that the server has named are replaced,
/// the others are noted as mentioned, and operations that mention them wait for the one that creates the thing.
struct NameResolution {
  var operations: [NewOperation]
  var changes: [TransactionChange]
  /// Identities, mentions and ordering keys, with the checks that let nobody come between.
  var batch = Batch()
  /// Keys of `batch` whose change by somebody else asks for another resolution.
  private(set) var guardedKeys: Set<Key> = []

  private let store: OfflineStore
  private var identities: [String: Identity] = [:]

  private struct Identity {
    var record: IdentityRecord?
    var revision: Revision?
    /// The creating operation, when it is part of this transaction.
    var creatorIndex: Int?
    /// Where the creating operation stands, once it was asked for.
    var standing: OperationStanding??
    var isChanged = false
  }

  init(of transaction: OfflineTransaction, without repeats: Set<String>, in store: OfflineStore) async throws {
    self.store = store
    operations = transaction.operations
    changes = transaction.changes.filter { change in change.editID.map { !repeats.contains($0) } ?? true }
    try await load()
    for index in operations.indices
    where operations[index].idempotencyKey.map({ !repeats.contains($0) }) ?? true {
      try await resolve(operationAt: index)
    }
    // After the operations: what they create may be mentioned by documents.
    for index in changes.indices where changes[index].operationIndex == nil { try resolve(changeAt: index) }
    for (identifier, identity) in identities.sorted(by: { $0.key < $1.key }) where identity.isChanged {
      guard let record = identity.record else { continue }
      let key = IdentityKey.identity(identifier)
      batch.checks.append(Check(key: key, expected: identity.revision))
      batch.put(key, record.encoded())
      guardedKeys.insert(key)
    }
    try await keepOrderingKeys()
  }

  private mutating func load() async throws {
    var mentioned: Set<String> = []
    for operation in operations {
      mentioned.formUnion(TemporaryIdentifier.mentions(in: operation.payload))
      if let base = operation.base { mentioned.formUnion(TemporaryIdentifier.mentions(in: base)) }
    }
    for change in changes {
      mentioned.formUnion(TemporaryIdentifier.mentions(in: change.json))
      if TemporaryIdentifier.isTemporary(change.key.id) { mentioned.insert(change.key.id) }
    }
    let sorted = mentioned.sorted()
    for (identifier, found) in zip(sorted, try await store.identities(sorted)) {
      identities[identifier] = Identity(record: found?.record, revision: found?.revision)
    }
  }

  // MARK: - One at a time

  private mutating func resolve(changeAt index: Int) throws {
    try rename(changeAt: index)
    let change = changes[index]
    for identifier in TemporaryIdentifier.mentions(in: change.json).sorted()
    where identities[identifier]?.record?.name == nil && identities[identifier]?.record != nil {
      note(MentionRecord(operation: nil, namespace: nil, document: change.key), of: identifier)
    }
  }

  private mutating func resolve(operationAt index: Int) async throws {
    let names = identities.compactMapValues { $0.record?.name }
    if !names.isEmpty {
      operations[index].payload = TemporaryIdentifier.renaming(operations[index].payload, names)
      operations[index].base = operations[index].base.map { TemporaryIdentifier.renaming($0, names) }
      for (identifier, name) in names {
        operations[index].orderingKey = operations[index].orderingKey?.replacing(identifier, with: name)
      }
    }
    let changeIndex = changes.firstIndex { $0.operationIndex == index }
    if let changeIndex { try rename(changeAt: changeIndex) }
    let own = changeIndex.map { changes[$0].key }
    var mentioned = TemporaryIdentifier.mentions(in: operations[index].payload + (operations[index].base ?? []))
    if let own, TemporaryIdentifier.isTemporary(own.id) { mentioned.insert(own.id) }
    for identifier in mentioned.sorted() { try await mention(identifier, byOperationAt: index, of: own) }
  }

  private mutating func rename(changeAt index: Int) throws {
    let names = identities.compactMapValues { $0.record?.name }
    guard !names.isEmpty else { return }
    let renamed = TemporaryIdentifier.renaming(changes[index].json, names)
    if renamed != changes[index].json { changes[index] = try changes[index].renamed(renamed) }
    if let name = names[changes[index].key.id] { changes[index].key.id = name }
  }

  private mutating func mention(
    _ identifier: String, byOperationAt index: Int, of document: DocumentKey?
  ) async throws {
    let key = operations[index].idempotencyKey ?? store.nextEditID()
    operations[index].idempotencyKey = key
    guard let record = identities[identifier]?.record else {
      guard document?.id == identifier else { throw Self.unknown(identifier, in: operations[index]) }
      return create(identifier, byOperationAt: index)
    }
    if let creatorIndex = identities[identifier]?.creatorIndex {
      wait(operationAt: index, for: .inBatch(creatorIndex), record)
    } else {
      switch try await standing(of: identifier, record)?.state {
      // The server took it under this identifier.
      case .delivered: return
      case .discarded, .expired, .superseded, nil:
        guard document?.id == identifier else { throw Self.unknown(identifier, in: operations[index]) }
        return create(identifier, byOperationAt: index)
      default:
        if let id = identities[identifier]?.standing??.id { wait(operationAt: index, for: .operation(id), record) }
      }
    }
    note(MentionRecord(operation: key, namespace: operations[index].namespace, document: document), of: identifier)
  }

  private mutating func create(_ identifier: String, byOperationAt index: Int) {
    let operation = operations[index]
    var record = IdentityRecord(
      creator: operation.idempotencyKey, namespace: operation.namespace, orderingKey: operation.orderingKey)
    record.mentionCount = identities[identifier]?.record?.mentionCount ?? 0
    identities[identifier]?.record = record
    identities[identifier]?.creatorIndex = index
    identities[identifier]?.isChanged = true
  }

  /// Behind the creating operation in its own line, it waits anyway.
  private mutating func wait(operationAt index: Int, for creator: OperationReference, _ record: IdentityRecord) {
    let operation = operations[index]
    if operation.orderingKey != nil, operation.orderingKey == record.orderingKey,
      operation.namespace == record.namespace
    {
      return
    }
    if !operation.after.contains(creator) { operations[index].after.append(creator) }
  }

  private mutating func note(_ mention: MentionRecord, of identifier: String) {
    guard let number = identities[identifier]?.record?.mentionCount else { return }
    identities[identifier]?.record?.mentionCount = number + 1
    identities[identifier]?.isChanged = true
    batch.put(IdentityKey.mention(identifier, number), mention.encoded())
  }

  private mutating func standing(of identifier: String, _ record: IdentityRecord) async throws -> OperationStanding? {
    if let known = identities[identifier]?.standing { return known }
    let standing = try await store.creatorStanding(record)
    identities[identifier]?.standing = .some(standing)
    return standing
  }

  /// While operations stand in line under the ordering key that a thing had before it was named, newer ones join that line.
  private mutating func keepOrderingKeys() async throws {
    guard try await store.hasOrderingKeys() else { return }
    for index in operations.indices {
      let operation = operations[index]
      guard let orderingKey = operation.orderingKey,
        let found = try await store.orderingKeyInForce(orderingKey, namespace: operation.namespace)
      else { continue }
      let key = IdentityKey.orderingKey(orderingKey, namespace: operation.namespace)
      if !guardedKeys.contains(key) { batch.checks.append(Check(key: key, expected: found.revision)) }
      guardedKeys.insert(key)
      if found.isInUse {
        operations[index].orderingKey = found.orderingKey
        // Written anew, so that nobody who saw an empty line takes it away meanwhile.
        batch.put(key, Array(found.orderingKey.utf8))
      } else {
        batch.delete(key)
      }
    }
  }

  private static func unknown(_ identifier: String, in operation: NewOperation) -> OfflineError {
    OfflineError(
      .unknownIdentifier,
      "\(operation.kind) mentions \(identifier), and nothing creates that: write the edit that creates it first, or the edit came "
        + "to nothing")
  }
}
