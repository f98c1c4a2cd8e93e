import Logging
import TomboloPorts
import TomboloQueue

extension OfflineComposite {
  /// Reads a document by `policy`, with the edits that the server does not have yet applied over it.
  ///
  /// When the server was asked in vain and what is here is given instead, the snapshot's `failure` says why.
  ///
  /// Throws `OfflineError` with `refused` when the service refuses the call for good, with `bothFailed` when it could not
  /// answer and nothing is known here, with `notStored` when `localOnly` finds nothing.
  public func read(
    _ id: String, policy: ReadingPolicy = .networkFirst, fetching fetch: @escaping Fetch
  ) async throws -> DocumentSnapshot<Document> {
    let id = try await documents.store.currentIdentifier(id)
    // The server does not know it yet.
    let policy = TemporaryIdentifier.isTemporary(id) ? .localOnly : policy
    switch policy {
    case .networkFirst:
      if let network, network.status.condition == .offline { return try await localFirst(id, fetch) }
      return try await fetched(id, fetch)
    case .localFirst: return try await localFirst(id, fetch)
    case .localOnly:
      let snapshot = try await documents.read(id)
      guard snapshot.isKnown else { throw notStored(id) }
      return snapshot
    case .staleWhileRevalidate(let fresh, let ageMaximum):
      let snapshot = try await documents.read(id)
      guard snapshot.isKnown, let age = snapshot.age, age <= ageMaximum else {
        if let network, network.status.condition == .offline { return try await localFirst(id, fetch) }
        return try await fetched(id, fetch)
      }
      if age > fresh { refreshes.add(id, fetch) }
      return snapshot
    }
  }

  /// As the other `read`, for documents that the server names: `fetch` is given what the server calls the document, whichever
  /// identifier the caller knows. One that has no name yet is read here.
  public func read(
    _ id: String, policy: ReadingPolicy = .networkFirst,
    fetching fetch: @escaping @Sendable (_ id: String) async throws -> ServerCopy<Document>
  ) async throws -> DocumentSnapshot<Document> {
    let id = try await documents.store.currentIdentifier(id)
    return try await read(id, policy: policy) { () async throws -> ServerCopy<Document> in try await fetch(id) }
  }

  /// Asks the server for what stale readers wanted, brings in what became of edits, and observes the network, until the task
  /// is cancelled.
  ///
  /// A `NetworkMonitor` asks its probes while somebody observes it. So while this runs the status by which calls are made
  /// online or here is at most one probe interval old; without it, it is so where a worker runs, and otherwise as old as the
  /// last observer.
  public func run() async {
    await withDiscardingTaskGroup { group in
      if let network { group.addTask { await self.observe(network) } }
      group.addTask { await self.runRefreshes() }
      group.addTask { await self.followEnds() }
    }
  }

  /// Every call reads `status` itself, which is never older than what is told here: to be an observer is what keeps it fresh.
  private func observe(_ network: any NetworkStatusSource) async {
    var known: NetworkStatus.Condition?
    for await status in network.statuses() where status.condition != known {
      known = status.condition
      documents.store.logger.debug(
        "calls follow the network",
        metadata: ["document": "\(Document.documentType)", "network": "\(status.condition.rawValue)"])
    }
  }

  private func runRefreshes() async {
    for await _ in refreshes.arrivals() {
      while let (id, fetch) = refreshes.next() {
        do {
          _ = try await fetched(id, fetch)
        } catch {
          // The next stale reader asks again; who must know reads network first.
          documents.store.logger.debug("a document could not be refreshed", metadata: ["error": "\(error)"])
        }
        if Task.isCancelled { return }
      }
    }
  }

  /// Takes back at once what came to nothing, instead of at the next reading.
  private func followEnds() async {
    let events = documents.store.queue.events()
    // However many come while all documents are gone through, they are gone through once more.
    let (ends, end) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    end.yield()
    await withDiscardingTaskGroup { group in
      group.addTask { for await _ in ends { await self.settleAll() } }
      for await event in events where isEnd(event.change) { end.yield() }
      end.finish()
    }
  }

  /// Whether an edit may have come to nothing.
  private func isEnd(_ change: QueueEvent.Change) -> Bool {
    switch change {
    case .deadLettered, .discarded, .expired: true
    // Edits have no coalescing key: nothing but a full queue supersedes them.
    case .superseded: documents.store.queue.configuration.limitPolicy == .coalesce
    default: false
    }
  }

  private func settleAll() async {
    do {
      try await documents.settleAll()
    } catch {
      documents.store.logger.warning(
        "what became of edits could not be brought in; it is when they are read", metadata: ["error": "\(error)"])
    }
  }

  private func localFirst(_ id: String, _ fetch: @escaping Fetch) async throws -> DocumentSnapshot<Document> {
    let snapshot = try await documents.read(id)
    return snapshot.isKnown ? snapshot : try await fetched(id, fetch)
  }

  private func fetched(_ id: String, _ fetch: @escaping Fetch) async throws -> DocumentSnapshot<Document> {
    do {
      // What an edit overtook may be without it, and is not taken: the server is asked once more.
      var (copy, isTaken) = try await fetchedAndTook(id, fetch)
      if !isTaken { (copy, isTaken) = try await fetchedAndTook(id, fetch) }
      var snapshot = try await documents.read(id)
      if isTaken {
        snapshot.source = .server
      } else if !snapshot.isKnown {
        // Nothing here could be shown instead.
        (snapshot.value, snapshot.base) = (copy.document, copy.document)
        (snapshot.version, snapshot.tag) = (copy.version, copy.tag)
        (snapshot.heardAt, snapshot.age) = (documents.store.time.now, .zero)
        snapshot.source = .server
      }
      return snapshot
    } catch let failed as FailedFetch {
      return try await fallBack(id, because: failed.error)
    }
  }

  /// Asks the server and stores what it says; answers with that and whether it was taken. It is not when the server accepted an
  /// edit of the document meanwhile, or may have accepted one that is being sent.
  private func fetchedAndTook(
    _ id: String, _ fetch: @escaping Fetch
  ) async throws -> (copy: ServerCopy<Document>, isTaken: Bool) {
    let fetches = documents.store.fetches
    let token = fetches.begin(documents.key(id))
    defer { fetches.end(token) }
    let copy: ServerCopy<Document>
    do {
      copy = try await limited(fetch)
    } catch  where Task.isCancelled {
      // Whatever the call makes of that.
      throw CancellationError()
    } catch {
      guard OnlineFailure(error) == .fallBack else {
        throw OfflineError(.refused, "the service refuses to give \(Document.documentType) \(id)", cause: error)
      }
      throw FailedFetch(error: error)
    }
    // No waiting for the disk: what a power cut takes of this, the server tells again.
    let isTaken = try await documents.take(copy, for: id, answering: nil, fetch: token, durability: .normal)
    return (copy, isTaken)
  }

  private func fallBack(_ id: String, because error: any Error) async throws -> DocumentSnapshot<Document> {
    let localCause: any Error
    do {
      var snapshot = try await documents.read(id)
      snapshot.failure = error
      if snapshot.isKnown { return snapshot }
      localCause = notStored(id)
    } catch let error {
      localCause = error
    }
    throw OfflineError(
      .bothFailed, "\(Document.documentType) \(id) could be read neither online nor here", cause: error,
      localCause: localCause)
  }

  private func notStored(_ id: String) -> OfflineError {
    OfflineError(.notStored, "nothing is stored here of \(Document.documentType) \(id): read it online once")
  }
}

/// The server could not be asked, for this reason.
private struct FailedFetch: Error {
  let error: any Error
}
