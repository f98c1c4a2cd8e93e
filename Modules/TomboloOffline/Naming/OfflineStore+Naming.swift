import Synchronization
import TomboloPorts
import TomboloQueue
import TomboloStorage

extension OfflineStore {
  /// An identifier for something that is created here and that the server will name. The edit whose `documentID` it is creates the
  /// thing; other edits may mention it as soon as that edit is written.
  public func makeTemporaryIdentifier() -> String { TemporaryIdentifier.prefix + nextEditID() }

  /// What the server calls a thing that was created here; `nil` while it has not named it.
  public func name(of temporaryIdentifier: String) async throws -> String? {
    try await identities([temporaryIdentifier]).first??.record.name
  }

  // MARK: - Parts

  typealias FoundIdentity = (record: IdentityRecord, revision: Revision)

  func identities(_ identifiers: [String]) async throws -> [FoundIdentity?] {
    guard !identifiers.isEmpty else { return [] }
    let stored = try await door.store.get(identifiers.map { IdentityKey.identity($0) })
    return try zip(identifiers, stored).map { identifier, stored in
      guard let stored else { return nil }
      do {
        return (try IdentityRecord(stored.value), stored.revision)
      } catch {
        throw OfflineError(.undecodable, "what is stored of \(identifier) cannot be read", cause: error)
      }
    }
  }

  /// The server's name for a temporary identifier that it has named, otherwise the identifier itself.
  func currentIdentifier(_ identifier: String) async throws -> String {
    guard TemporaryIdentifier.isTemporary(identifier) else { return identifier }
    return try await name(of: identifier) ?? identifier
  }

  /// Where the operation stands that creates a thing; `nil` when there is none any more.
  func creatorStanding(_ record: IdentityRecord) async throws -> OperationStanding? {
    guard let creator = record.creator else { return nil }
    return try await queue.standings(ofIdempotencyKeys: [creator], namespace: record.namespace).first ?? nil
  }

  /// Whether there is any ordering key that is kept for operations in line under it; asked of the store once, and kept.
  func hasOrderingKeys() async throws -> Bool {
    if let known = orderingKeysAreKept.withLock({ $0 }), !door.store.capabilities.isShareable { return known }
    let found = try await !door.store.scan(IdentityKey.orderingKeys, limit: 1).isEmpty
    return orderingKeysAreKept.withLock { kept in
      // One that came meanwhile stays known.
      kept = found || kept == true
      return found || kept == true
    }
  }

  /// The ordering key under which operations of `orderingKey` stand in line since before it was named.
  func orderingKeyInForce(
    _ orderingKey: String, namespace: String?
  ) async throws -> (orderingKey: String, revision: Revision, isInUse: Bool)? {
    guard let stored = try await door.store.get(IdentityKey.orderingKey(orderingKey, namespace: namespace)) else {
      return nil
    }
    let old = String(decoding: stored.value, as: UTF8.self)
    return (old, stored.revision, try await !queue.line(old, namespace: namespace).isEmpty)
  }

  /// Whether anything stands in line for an ordering key, also under the one that it had before it was named.
  func hasLine(_ orderingKey: String, namespace: String?) async throws -> Bool {
    if try await !queue.line(orderingKey, namespace: namespace).isEmpty { return true }
    guard try await hasOrderingKeys() else { return false }
    return try await orderingKeyInForce(orderingKey, namespace: namespace)?.isInUse ?? false
  }

  /// An edit with the names that the server has given meanwhile, and whether it may be sent: not while it mentions something that
  /// an operation in the queue is to create.
  func resolved<Edit: DocumentEdit>(_ edit: Edit) async throws -> (edit: Edit, mayBeSent: Bool) {
    let payload = try NewOperation(edit).payload
    let mentioned = TemporaryIdentifier.mentions(in: payload).sorted()
    guard !mentioned.isEmpty else { return (edit, true) }
    var names: [String: String] = [:]
    var mayBeSent = true
    for (identifier, found) in zip(mentioned, try await identities(mentioned)) {
      if let name = found?.record.name {
        names[identifier] = name
      } else if let record = found?.record {
        // What came to nothing is for the writing to refuse.
        if try await creatorStanding(record)?.state != .delivered { mayBeSent = false }
      } else if identifier != edit.documentID {
        mayBeSent = false
      }
    }
    return (names.isEmpty ? edit : try Edit.renamed(TemporaryIdentifier.renaming(payload, names)), mayBeSent)
  }

  /// What becomes of an operation that cannot be delivered: rejected where it mentions something whose creation came to nothing,
  /// put off while somebody may still mend that. `nil` when it can be delivered.
  func unresolved(_ operation: SyncOperation) async throws -> DeliveryOutcome? {
    let mentioned = TemporaryIdentifier.mentions(in: operation.payload).sorted()
    guard !mentioned.isEmpty else { return nil }
    var waiting: DeliveryOutcome?
    for (identifier, found) in zip(mentioned, try await identities(mentioned)) {
      guard let record = found?.record, record.name == nil, record.creator != operation.idempotencyKey else { continue }
      let creator = try await creatorStanding(record)
      let nothing = DeliveryFailure(.refused, "it is about \(identifier), whose creation came to nothing")
      switch creator?.state {
      case .delivered: continue
      case .pending, .delivering, .retrying, .blocked, .parked, .deadLettered:
        // Of its own line a creation that is held lets this one go past. A newer one stands behind it, and makes another thing.
        guard let creator, creator.id < operation.id else { return .reject(nothing) }
        waiting = .snooze(
          for: .seconds(60), DeliveryFailure(.heldBack, "it is about \(identifier), which is not created yet"))
      case .discarded, .expired, .superseded, nil: return .reject(nothing)
      }
    }
    return waiting
  }
}
