import Logging
import Synchronization
public import TomboloPorts
import TomboloQueue
public import TomboloResilience

/// One service out of two halves: calls go online when they may, and are served here when they cannot.
///
///     struct CompositeUserPreferences: UserPreferences {
///       let documents: OfflineComposite<Preferences>
///       let server: any PreferencesServer
///
///       func preferences(of userID: String) async throws -> Preferences {
///         try await documents.read(userID) { try await server.preferences(of: userID) }.value ?? Preferences()
///       }
///       func setTheme(_ theme: String, of userID: String) async throws {
///         let edit = SetTheme(userID: userID, theme: theme, basedOn: try await heardVersion(of: userID))
///         try await documents.write(edit) { edit, id in try await server.apply(edit, idempotencyKey: id) }
///       }
///     }
///
/// The status of the network is a hint: it saves a call that would fail. Only `offline` keeps calls here, so it must not be an
/// old one: `run()`, or a worker with the same network, observes the network and thereby keeps its status fresh.
public final class OfflineComposite<Document: OfflineDocument>: Sendable {
  /// Asks the server for its copy.
  public typealias Fetch = @Sendable () async throws -> ServerCopy<Document>

  public let documents: DocumentCollection<Document>
  let network: (any NetworkStatusSource)?
  let onlineTimeout: Duration
  private let onlineCalls: any OnlineCalls
  let refreshes: RefreshList<Document>

  /// - Parameters:
  ///   - network: without one the network counts as online.
  ///   - onlineTimeout: how long an online call may take before what is here serves instead.
  public convenience init(
    _ documents: DocumentCollection<Document>, network: (any NetworkStatusSource)? = nil,
    onlineTimeout: Duration = .seconds(10)
  ) {
    self.init(documents, network, onlineTimeout, PlainOnlineCalls())
  }

  /// A composite with policies around its online calls: while a circuit breaker is open, what is here serves at once.
  ///
  ///     let policies = try ResiliencePipeline("preferences") { CircuitBreaking("preferences") }
  ///     let composite = OfflineComposite(documents, network: monitor, policies: policies)
  ///
  /// Calls count as idempotent: reading does no harm, and an edit carries its identity. A refusal for good says nothing against
  /// the service, nor does it that nobody answers while the network is away. Leave `AbandoningTimeout` out: an edit that goes on
  /// after its turn may arrive after a later one.
  ///
  /// - Parameters:
  ///   - network: without one the network counts as online.
  ///   - onlineTimeout: how long an online call may take, with all its tries, before what is here serves instead.
  ///   - policies: what stands around each online call, within that time.
  public convenience init<Bound: BoundPolicy>(
    _ documents: DocumentCollection<Document>, network: (any NetworkStatusSource)? = nil,
    onlineTimeout: Duration = .seconds(10), policies: ResiliencePipeline<Bound>
  ) {
    self.init(documents, network, onlineTimeout, PolicedOnlineCalls(pipeline: policies))
  }

  private init(
    _ documents: DocumentCollection<Document>, _ network: (any NetworkStatusSource)?, _ onlineTimeout: Duration,
    _ onlineCalls: any OnlineCalls
  ) {
    self.documents = documents
    self.network = network
    self.onlineTimeout = onlineTimeout
    self.onlineCalls = onlineCalls
    refreshes = RefreshList()
  }

  /// Sends an edit, or makes it here and queues it, in one commit.
  ///
  /// It is sent when the network is not known to be down and no operation of its ordering key is queued; edits of one ordering
  /// key take turns, whichever composites of the store write them. When sending fails it is queued, unless the failure is final.
  /// It carries the same identity both ways, so that an attempt which reached the server after all counts once.
  ///
  /// While it is being sent nothing of it is stored here: it is gone, or at the server alone, when the process ends in the middle.
  /// A cancelled task is no such end. Once sending has begun it has the outcome that it would have had, and where the call gave up
  /// because of the cancellation the edit is queued: the call may have reached the server. `CancellationError` is thrown before
  /// that alone, and then nothing was sent or stored.
  ///
  /// Throws `OfflineError` with `refused` when the service refuses it for good, and `bothFailed` when it could neither be
  /// sent nor stored; what `OfflineStore.write` throws when it was not tried online.
  ///
  /// - Parameters:
  ///   - editID: names the edit, so that one which the queue knows by this name is not sent again. What was delivered at once the
  ///     queue does not know: written again it is sent again, so the server must know the repeat by its identity, and answer
  ///     with its copy. Without a copy the edit is applied here once more.
  ///   - send: makes the online call, with the edit's identity as idempotency key; answers with the server's copy when there is
  ///     one. It has the turn of its ordering key in the store: an edit of the same key that it writes itself would wait for it.
  @discardableResult
  public func write<Edit: DocumentEdit>(
    _ edit: Edit, priority: OperationPriority = .normal, namespace: String? = nil, editID: String? = nil,
    sending send: @escaping @Sendable (Edit, _ editID: String) async throws -> ServerCopy<Document>?
  ) async throws -> WritingOutcome where Edit.Document == Document {
    let store = documents.store
    let id = editID ?? store.nextEditID()
    let (edit, mayBeSent) = try await store.resolved(edit)
    return try await store.turns.withTurn("\(namespace ?? "")\u{0}\(edit.orderingKey)") { [self] in
      if editID != nil, try await store.knows(id, namespace: namespace) {
        return try await queue(edit, id, false, priority, namespace, because: .repeated)
      }
      if let network, network.status.condition == .offline {
        return try await queue(edit, id, editID == nil, priority, namespace, because: .offline)
      }
      guard mayBeSent, try await !store.hasLine(edit.orderingKey, namespace: namespace) else {
        return try await queue(edit, id, editID == nil, priority, namespace, because: .notOvertaking)
      }
      try Task.checkCancellation()
      let key = documents.key(edit.documentID)
      store.fetches.beginSending(key)
      defer { store.fetches.endSending(key) }
      // From here on the server may have it, so that what becomes of it is stored whoever is cancelled.
      do {
        let copy = try await limited { try await send(edit, id) }
        return .delivered(notStored: await note(copy, of: edit, id))
      } catch {
        guard OnlineFailure(error) == .fallBack else {
          throw OfflineError(.refused, "the service refuses \(Edit.kind)", cause: error)
        }
        do {
          return try await uncancelled {
            try await self.queue(edit, id, editID == nil, priority, namespace, because: .failed(error))
          }
        } catch let localError {
          throw OfflineError(
            .bothFailed, "\(Edit.kind) could neither be sent nor stored", cause: error, localCause: localError)
        }
      }
    }
  }

  private func queue<Edit: DocumentEdit>(
    _ edit: Edit, _ id: String, _ isNew: Bool, _ priority: OperationPriority, _ namespace: String?,
    because reason: QueueingReason
  ) async throws -> WritingOutcome where Edit.Document == Document {
    let receipts = try await documents.store.write { transaction in
      try transaction.edit(documents, edit, priority: priority, editID: id, isNew: isNew, namespace: namespace)
    }
    guard let receipt = receipts.first else {
      throw QueueError(.invalidOperation, "the queue gave no receipt for an edit of kind \(Edit.kind)")
    }
    return .queued(receipt, reason)
  }

  /// Brings an edit that the server has into the document; answers with why that failed.
  private func note<Edit: DocumentEdit>(
    _ copy: ServerCopy<Document>?, of edit: Edit, _ id: String
  ) async -> (any Error)? where Edit.Document == Document {
    let documents = documents
    documents.store.fetches.overtake(documents.key(edit.documentID))
    do {
      try await uncancelled {
        if let copy { return try await documents.take(copy, for: edit.documentID, answering: id) }
        // First what was delivered before it: applied later, it would come out on top.
        _ = try await documents.settle(edit.documentID)
        _ = try await documents.store.change(documents.key(edit.documentID)) { record in
          var base = try record.base.map { try $0.decoded(as: Document.self) }
          try edit.apply(to: &base)
          record.base = try base.map { try StoredDocument($0) }
          record.accept(id)
        }
      }
      return nil
    } catch {
      documents.store.logger.warning(
        "the server accepted an edit, and that could not be stored here",
        metadata: ["kind": "\(Edit.kind)", "error": "\(error)"])
      return error
    }
  }

  /// Makes an online call within the time limit, and under the policies where there are any. When the task is cancelled, the call
  /// itself tells what became of it.
  func limited<Answer: Sendable>(_ call: @escaping @Sendable () async throws -> Answer) async throws -> Answer {
    let (limit, time, calls, network) = (onlineTimeout, documents.store.time, onlineCalls, network)
    return try await withThrowingTaskGroup(of: Answer?.self) { race in
      race.addTask { try await calls.make(isOnline: { network?.status.isOnline ?? true }, call) }
      race.addTask {
        do { try await time.sleep(for: limit) } catch is CancellationError { return nil }
        throw DeliveryFailure(.timeout, "the service did not answer within \(limit)")
      }
      defer { race.cancelAll() }
      while let ended = try await race.next() {
        if let answer = ended { return answer }
      }
      throw CancellationError()
    }
  }
}
