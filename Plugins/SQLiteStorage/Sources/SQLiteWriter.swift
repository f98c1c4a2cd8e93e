import CSQLite
import TomboloPorts
import TomboloStorage

/// The writing half of a `SQLiteStore`: its lock, its one writing connection, and the thread both live on; a commit may be made in
/// place (`SerialThreadExecutor.run(on:_:)`).
actor SQLiteWriter {
  /// All that is open. A class, so that a commit passes it on without counting its parts.
  private final class Session {
    let connection: SQLiteConnection
    let begin: SQLiteStatement
    let end: SQLiteStatement
    let records: SQLiteRecords
    let revisions: SQLiteRevisions
    let space: SQLiteSpace
    let room: SQLiteRoom
    /// What the connection's next commit reaches.
    var durability: StoreDurability
    /// These last, because fields are let go of in this order: the lock is given up once the connection is closed, which `revisions` and
    /// `room` hold too.
    let database: SQLiteOpenDatabase
    let folder: StoreFolder

    init(
      folder: StoreFolder, database: SQLiteOpenDatabase, connection: SQLiteConnection, room: SQLiteRoom,
      durability: StoreDurability, pageByteCount: Int
    ) throws {
      space = SQLiteSpace(pageByteCount: pageByteCount)
      self.durability = durability
      self.folder = folder
      self.database = database
      self.connection = connection
      self.room = room
      begin = try connection.prepare("BEGIN IMMEDIATE")
      end = try connection.prepare("COMMIT")
      records = try SQLiteRecords(connection)
      revisions = try SQLiteRevisions(claimedWith: connection)
    }
  }

  private let location: SQLiteLocation
  private let durability: StoreDurability
  private let timeouts: SQLiteTimeouts
  private let reserveByteCount: Int
  private let isShared: Bool
  nonisolated let executor: SerialThreadExecutor
  private var session: Session?
  /// Whether a commit failed whose outcome cannot be known. The one after it would decide, behind the back of whoever reads first.
  private var isDoubtful = false

  init(
    location: SQLiteLocation, durability: StoreDurability, timeouts: SQLiteTimeouts, reserveByteCount: Int,
    isShared: Bool, executor: SerialThreadExecutor
  ) {
    self.isShared = isShared
    self.location = location
    self.durability = durability
    self.timeouts = timeouts
    self.reserveByteCount = reserveByteCount
    self.executor = executor
  }

  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  func open() throws {
    try Task.checkCancellation()
    let folder = try StoreFolder(
      location.folder, engine: "sqlite", isShared: isShared, database: location.database)
    let database = try SQLiteOpenDatabase(in: location.folder) {
      guard try SQLiteInspection.isNew(location) else { return }
      guard folder.isFirst else {
        throw StoreError(
          .inUse, "\(location.database): its first process ended while it made the database; open it again")
      }
      try SQLiteSchema.create(at: location, busyTimeout: timeouts.busy)
    }
    let reserve = try RoomReserve(folder: location.folder, byteCount: reserveByteCount)
    do {
      session = try makeSession(folder, database, reserve)
    } catch let error as StoreError where error.code == .full {
      // To open and settle is how room comes back, so opening may use what is kept for settling.
      guard try reserve.release() else { throw error }
      session = try makeSession(folder, database, reserve)
    }
    try folder.share()
  }

  private func makeSession(
    _ folder: StoreFolder, _ database: SQLiteOpenDatabase, _ reserve: RoomReserve
  ) throws -> Session {
    let connection = try SQLiteConnection(path: location.database, mayGatherWrites: true, busyTimeout: timeouts.busy)
    try SQLiteInspection.inspect(connection)
    try SQLiteSchema.configure(connection, durability: durability)
    let pageByteCount = try connection.pageByteCount
    let room = try SQLiteRoom(reserve, connection: connection, pageByteCount: pageByteCount, timeouts: timeouts)
    return try Session(
      folder: folder, database: database, connection: connection, room: room, durability: durability,
      pageByteCount: pageByteCount)
  }

  func commit(_ batches: [Batch], within capabilities: StoreCapabilities) throws -> [BatchResult] {
    // The last moment to turn back: nothing below waits, and nothing below is left half done.
    try Task.checkCancellation()
    guard let session else { throw StoreError(.closed, "the store at \(location.folder) was closed") }
    guard !isDoubtful else {
      throw StoreError(
        .closed,
        "\(location.database): the store closed itself; whether an earlier commit was applied is known only when it is opened "
          + "again: look at the disk, and open it")
    }
    guard !batches.isEmpty else { return [] }
    let isShrinking = batches.areShrinking
    if !isShrinking { try session.room.require(for: batches) }
    let results: [BatchResult]
    do {
      results = try attempt(batches, within: capabilities, in: session)
    } catch let error as StoreError where error.code == .full && isShrinking {
      guard try session.room.makeRoomForSettling() else { throw error }
      results = try attempt(batches, within: capabilities, in: session)
    }
    session.room.afterCommit()
    return results
  }

  private func attempt(_ batches: [Batch], within capabilities: StoreCapabilities, in session: Session) throws
    -> [BatchResult]
  {
    do {
      try session.revisions.reserve(batches.count)
      try reach(batches.durability(own: durability), in: session)
      try session.begin.run()
      let results = try apply(batches, within: capabilities, in: session)
      try finish(session)
      return results
    } catch {
      if let error = error as? StoreError, error.code == .outcomeUnknown { isDoubtful = true }
      try rollBack(session, after: error)
      throw error
    }
  }

  /// Has the next commit reach this level. One that flushes carries those before it that did not.
  private func reach(_ wanted: StoreDurability, in session: Session) throws {
    guard wanted != session.durability else { return }
    try session.connection.execute("PRAGMA synchronous = \(wanted.synchronous)")
    session.durability = wanted
  }

  /// What SQLite itself says the last commit reached, as the number of its pragma: 2 is a flush for each commit, 1 none.
  var synchronousLevel: Int64? {
    get throws { try session?.connection.number("PRAGMA synchronous") }
  }

  /// Gives up everything. What it could not do is thrown after the locks are released, and closing again is no error.
  func close() throws {
    guard let closing = session else { return }
    session = nil
    // Not tidied and not marked clean: the next opening looks at the database, and finds out what became of the last commit.
    guard !isDoubtful else { return }
    do {
      try closing.space.giveBackAll(with: closing.connection)
      // Another process may have it open, and may not close it in order.
      if !isShared { try SQLiteSchema.markClean(closing.connection) }
      try closing.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    } catch let error as StoreError where error.code == .full {
      // Tidying needs room that is not there. Nothing is missing: the journal keeps what was committed, and the next opening
      // goes on from it.
    }
  }

  /// Closes without marking it clean, when the store could not be opened completely.
  func abandon() {
    session = nil
  }

  private func apply(_ batches: [Batch], within capabilities: StoreCapabilities, in session: Session) throws
    -> [BatchResult]
  {
    var mutationCount = 0
    var results: [BatchResult] = []
    results.reserveCapacity(batches.count)
    for batch in batches {
      if let refusal = try capabilities.refusal(of: batch, after: mutationCount) ?? conflict(of: batch, in: session) {
        results.append(.refused(refusal))
        continue
      }
      let revision = session.revisions.next()
      try session.records.apply(batch.mutations, revision)
      mutationCount += batch.mutations.count
      results.append(.committed(revision))
    }
    // Where room is short, it is given back after the commit, in steps that the journal has room for.
    if !session.room.isShort { try session.space.giveBackSome(after: mutationCount, with: session.connection) }
    return results
  }

  /// The refusal by the first check that does not hold.
  private func conflict(of batch: Batch, in session: Session) throws -> StoreError? {
    for check in batch.checks {
      let actual = try session.records.revision(of: check.key)
      guard actual == check.expected else {
        return .conflict(key: check.key, expected: check.expected, actual: actual)
      }
    }
    return nil
  }

  private func finish(_ session: Session) throws {
    defer { session.end.reset() }
    let result = session.connection.gatheringWrites { session.end.stepResult() }
    guard result != SQLITE_DONE else { return }
    throw session.connection.failureOfCommit(result)
  }

  /// Takes back what a failed commit did. SQLite has done so itself after some failures.
  private func rollBack(_ session: Session, after error: any Error) throws {
    guard session.connection.isInTransaction else { return }
    do {
      try session.connection.execute("ROLLBACK")
    } catch let second {
      // A connection that cannot roll back must not be written to again.
      self.session = nil
      throw StoreError(
        .outcomeUnknown,
        "\(location.database): a commit failed (\(error)) and could not be taken back; the store closed itself, open it "
          + "again and read before writing", cause: second)
    }
  }
}
