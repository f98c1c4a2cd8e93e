public import Logging
import Synchronization
public import TomboloPorts
public import TomboloQueue
public import TomboloStorage

/// Documents and the queue of what the server must be told about them, on one store.
///
///     let store = try await OfflineStore.open(store: engine)
///     let preferences = DocumentCollection(Preferences.self, in: store).edited(by: SetCurrency.self)
///
///     try await store.write { transaction in                     // one commit, or nothing
///       try transaction.edit(preferences, SetCurrency(userID: "7", currency: "BTC"), priority: .critical)
///     }
///     try await preferences.read("7").value?.currency             // "BTC", at once
///
///     handlers.handle(SetCurrency.self, in: preferences) { edit, attempt in
///       .accepted(try await client.setCurrency(edit, idempotencyKey: attempt.operation.idempotencyKey))
///     }
///
/// A local change and the operation that tells the server about it are one commit: there is never one without the other,
/// whatever crashes. An edit shows until its operation is settled. When the server accepts it, it becomes part of what the
/// server said; when it comes to nothing, it is taken back and a notice stays until it is acknowledged.
public final class OfflineStore: Sendable {
  /// Delivered by a `SyncWorker` as any other queue.
  public let queue: SyncQueue
  public var time: any TimeSource { queue.time }

  let door: GroupCommit
  let logger: Logger
  let onNotice: @Sendable (EditNotice) -> Void
  private let ids: any OperationIDSource
  /// Whether there are ordering keys that are kept for things which the server has named; `nil` while that is not known.
  let orderingKeysAreKept = Mutex<Bool?>(nil)
  let watchers = DocumentWatchers()
  let fetches = FetchesUnderWay()
  /// Of edits that are sent at once, by namespace and ordering key.
  let turns = KeyedTurns()

  /// How often a change is made anew because others changed the same documents meanwhile. Each time somebody else got on.
  static let attemptCountMaximum = 64

  /// - Parameters:
  ///   - queue: opened on the same door.
  ///   - onNotice: told of each edit that came to nothing, after that is durable; must return quickly. The notice also stays
  ///     with its document until it is acknowledged, so that a crash cannot swallow it.
  public init(
    door: GroupCommit, queue: SyncQueue, ids: any OperationIDSource = MonotonicOperationIDSource(),
    logger: Logger = Logger(label: "tombolo.offline"), onNotice: @escaping @Sendable (EditNotice) -> Void = { _ in }
  ) {
    self.door = door
    self.queue = queue
    self.ids = ids
    self.logger = logger
    self.onNotice = onNotice
  }

  /// Opens the documents and the queue that `store` holds, or new ones.
  public static func open(
    store: any KeyValueStore, configuration: QueueConfiguration = QueueConfiguration(),
    time: any TimeSource = SystemTimeSource(), ids: any OperationIDSource = MonotonicOperationIDSource(),
    logger: Logger = Logger(label: "tombolo.offline"), onNotice: @escaping @Sendable (EditNotice) -> Void = { _ in }
  ) async throws -> OfflineStore {
    let door = GroupCommit(store)
    let queue = try await SyncQueue.open(
      door: door, configuration: configuration, time: time, ids: ids, logger: logger)
    return OfflineStore(door: door, queue: queue, ids: ids, logger: logger, onNotice: onNotice)
  }

  /// Commits all that `body` asks for, or nothing, and returns when it is durable.
  ///
  /// Throws `OfflineError` when an edit does not fit, `QueueError` when an operation cannot be accepted, and what the store
  /// throws. With `StoreError.Code.outcomeUnknown` it may be stored: write again with the same `editID`s.
  ///
  /// - Returns: the receipts of the operations, in the order they were asked for.
  @discardableResult
  public func write(_ body: (inout OfflineTransaction) throws -> Void) async throws -> [EnqueueReceipt] {
    var transaction = OfflineTransaction(time: time, ids: ids)
    try body(&transaction)
    let repeats = try await repeatedEdits(in: transaction)
    for _ in 0..<Self.attemptCountMaximum {
      var resolved = try await NameResolution(of: transaction, without: repeats, in: self)
      var batch = transaction.companion
      batch.append(resolved.batch)
      var keys = resolved.guardedKeys
      for (key, changes) in Dictionary(grouping: resolved.changes, by: \.key) {
        let (before, revision) = try await load(key)
        var record = before
        for change in changes {
          let base = try change.apply(&record)
          if let index = change.operationIndex, let base { resolved.operations[index].base = base }
        }
        if record != before { batch.append(record.batch(at: key, replacing: revision)) }
        keys.insert(key.record)
      }
      // Even when it throws: what was stored and lost its answer shows too.
      defer { watchers.tell(resolved.changes.map(\.key)) }
      do {
        return try await queue.enqueue(resolved.operations, alongside: batch)
      } catch let error as StoreError where error.code == .conflict {
        guard let key = error.key, keys.contains(key) else { throw error }
      }
    }
    throw contended()
  }

  /// Edits that the caller named and that the queue knows already: they show already, or their time has passed.
  private func repeatedEdits(in transaction: OfflineTransaction) async throws -> Set<String> {
    var repeats: Set<String> = []
    for edit in transaction.namedEdits {
      if try await knows(edit.id, namespace: edit.namespace) { repeats.insert(edit.id) }
    }
    return repeats
  }

  /// Whether the queue knows an operation of this identity, waiting or ended.
  func knows(_ editID: String, namespace: String?) async throws -> Bool {
    try await queue.standings(ofIdempotencyKeys: [editID], namespace: namespace).first ?? nil != nil
  }

  // MARK: - For collections

  func load(_ key: DocumentKey) async throws -> (record: DocumentRecord, revision: Revision?) {
    guard let stored = try await door.store.get(key.record) else { return (DocumentRecord(), nil) }
    do {
      return (try DocumentRecord(stored.value, at: key), stored.revision)
    } catch {
      throw OfflineError(.undecodable, "what is stored of \(key.type) \(key.id) cannot be read", cause: error)
    }
  }

  /// Changes one document's record; `change` is called again when another change came between.
  ///
  /// - Parameter durability: less than the store's own, for a change that concerns no edit.
  func change<Answer: Sendable>(
    _ key: DocumentKey, durability: StoreDurability? = nil,
    _ change: @Sendable (inout DocumentRecord) async throws -> Answer
  ) async throws -> (record: DocumentRecord, answer: Answer) {
    for _ in 0..<Self.attemptCountMaximum {
      let (before, revision) = try await load(key)
      var record = before
      let answer = try await change(&record)
      guard record != before else { return (record, answer) }
      defer { watchers.tell([key]) }
      do {
        var batch = record.batch(at: key, replacing: revision)
        // What became of an edit is as durable as the store makes it.
        if record.pending == before.pending, record.notices == before.notices { batch.durability = durability }
        _ = try await door.commit(batch)
        return (record, answer)
      } catch let error as StoreError where error.code == .conflict {
        continue
      }
    }
    throw contended()
  }

  func nextEditID() -> String { ids.next(at: time.now).description }

  func contended() -> OfflineError {
    OfflineError(
      .contended, "others changed the same documents \(Self.attemptCountMaximum) times meanwhile: try again")
  }
}
