import CLMDB
import TomboloPorts
import TomboloStorage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The writing half of an `LMDBStore`: its lock, the environment, and the thread that writes.
actor LMDBWriter {
  /// All that is open. A class, so that a commit passes it on without counting its parts.
  private final class Session {
    let environment: LMDBEnvironment
    let revisions: LMDBRevisions
    let reserve: RoomReserve

    init(_ environment: LMDBEnvironment, reserve: RoomReserve) throws {
      self.environment = environment
      self.reserve = reserve
      do {
        revisions = try LMDBRevisions(claimedIn: environment)
      } catch let failure as LMDBFailure where failure.isOutOfRoom {
        // The file left by the last opening holds blocks of the disk.
        guard try reserve.release() else { throw failure }
        revisions = try LMDBRevisions(claimedIn: environment)
      }
    }
  }

  /// LMDB copies every page it changes, so even a delete needs pages first; those that become free then carry the next ones.
  private static let reserveByteCount = 1_024 * 1_024

  private let location: LMDBLocation
  private let configuration: LMDBStore.Configuration
  nonisolated let executor: SerialThreadExecutor
  private var session: Session?

  init(location: LMDBLocation, configuration: LMDBStore.Configuration, executor: SerialThreadExecutor) {
    self.location = location
    self.configuration = configuration
    self.executor = executor
  }

  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  func open() throws -> LMDBEnvironment {
    try Task.checkCancellation()
    do {
      let folder = try StoreFolder(
        location.folder, engine: "lmdb", isShared: configuration.isShared, isOncePerProcess: true,
        database: location.database)
      let environment = try opening(folder).open()
      let reserve = try RoomReserve(folder: location.folder, byteCount: Self.reserveByteCount)
      session = try Session(environment, reserve: reserve)
      return environment
    } catch let failure as LMDBFailure {
      throw failure.storeError(path: location.database)
    }
  }

  /// Takes over the size that another process has given the map.
  func adoptMap() throws {
    guard let session else { throw StoreError(.closed, "the store at \(location.folder) was closed") }
    do {
      try session.environment.adoptMap()
    } catch let failure as LMDBFailure {
      throw failure.storeError(path: location.database)
    }
  }

  func commit(_ batches: [Batch], within capabilities: StoreCapabilities) throws -> [BatchResult] {
    // The last moment to turn back: nothing below waits, and nothing below is left half done.
    try Task.checkCancellation()
    guard let session else { throw StoreError(.closed, "the store at \(location.folder) was closed") }
    guard !batches.isEmpty else { return [] }
    do {
      try session.reserve.restore()
      try session.revisions.reserve(batches.count, in: session.environment)
      return try commit(batches, within: capabilities, in: session)
    } catch let failure as LMDBFailure {
      throw failure.storeError(path: location.database)
    }
  }

  /// Whether the last commit returned before its meta page was on the disk.
  var flushesLess: Bool? { session?.environment.flushesLess }

  /// Gives up everything, and lets the next opening know that it was in order. Closing again is no error. The reader must be
  /// closed before.
  func close() throws {
    do {
      // The database is closed when `endSession` has returned, and the folder held until the last of this is done.
      guard let (folder, hasDraft) = try endSession() else { return }
      // Others may have it open, and the last of them tidies up.
      guard folder.isLast() else { return }
      let opening = opening(folder)
      if configuration.isShared {
        try opening.tidy()
      } else if hasDraft {
        try opening.nameDraft()
      } else {
        try opening.removeDraft()
      }
      guard unlink(location.readers) == 0 || errno == ENOENT else {
        throw SystemFailure.last(location.readers, "removing it")
      }
    } catch let failure as LMDBFailure {
      throw failure.storeError(path: location.database)
    }
  }

  private func endSession() throws -> (folder: StoreFolder, hasDraft: Bool)? {
    guard let closing = session else { return nil }
    session = nil
    let environment = closing.environment
    try LMDBFailure.require(mdb_env_sync(environment.handle, 1), "closing it")
    if configuration.isShared { return (environment.folder, false) }
    try environment.giveBackRoom()
    return (environment.folder, try LMDBSpace.compact(environment, to: location.draft))
  }

  /// Closes without marking it clean, when the store could not be opened completely.
  func abandon() {
    session = nil
  }

  private func opening(_ folder: StoreFolder) -> LMDBOpening {
    LMDBOpening(
      location: location, folder: folder, durability: configuration.durability,
      mapByteCount: configuration.mapByteCount, mapByteCountMaximum: configuration.byteCountMaximum)
  }

  /// Commits, with as large a map as it takes, and with the reserve when there is no other room.
  ///
  /// While the reserve is spent, what adds must do with the pages that are free in the file, so that the room that was given up
  /// serves settling alone.
  private func commit(_ batches: [Batch], within capabilities: StoreCapabilities, in session: Session) throws
    -> [BatchResult]
  {
    let isConfined = session.reserve.isSpent && session.reserve.byteCount > 0 && !batches.areShrinking
    while true {
      do {
        guard isConfined else { return try attempt(batches, within: capabilities, in: session) }
        return try session.environment.withoutGrowth { try attempt(batches, within: capabilities, in: session) }
      } catch let failure as LMDBFailure where failure.isOutOfRoom {
        if isConfined { return try commitShrinking(batches, after: failure, within: capabilities, in: session) }
        if failure.result == MDB_MAP_FULL {
          if try session.environment.grow() { continue }
          return try session.environment.withLargerMap(by: Self.reserveByteCount) {
            try commitShrinking(batches, after: failure, within: capabilities, in: session)
          }
        }
        // Taken hold of again by a later commit, once there is room for it.
        guard batches.contains(where: \.isShrinking), try session.reserve.release() else { throw failure }
        return try commitShrinking(batches, after: failure, within: capabilities, in: session)
      }
    }
  }

  /// Applies those batches that make room, and refuses the others as full.
  private func commitShrinking(
    _ batches: [Batch], after failure: LMDBFailure, within capabilities: StoreCapabilities, in session: Session
  ) throws -> [BatchResult] {
    guard batches.contains(where: \.isShrinking) else { throw failure }
    let refusal = failure.storeError(path: location.database)
    return try attempt(batches, refusingOthers: refusal, within: capabilities, in: session)
  }

  private func attempt(
    _ batches: [Batch], refusingOthers: StoreError? = nil, within capabilities: StoreCapabilities, in session: Session
  ) throws -> [BatchResult] {
    let wanted = batches.durability(own: configuration.durability)
    // Room is for what adds, and none of what is kept for settling may go into it. Without a flush it saves nothing.
    let extendsRoom = wanted != .none && !session.reserve.isSpent && !batches.areShrinking
    let transaction = try session.environment.beginWriting(wanted, extendsRoom: extendsRoom)
    let results: [BatchResult]
    do {
      let table = LMDBTable(transaction: transaction, table: session.environment.records)
      results = try apply(
        batches, refusingOthers: refusingOthers, within: capabilities, to: table, session.revisions)
    } catch {
      mdb_txn_abort(transaction)
      throw error
    }
    try finish(transaction, session)
    return results
  }

  private func apply(
    _ batches: [Batch], refusingOthers: StoreError?, within capabilities: StoreCapabilities, to table: LMDBTable,
    _ revisions: LMDBRevisions
  ) throws -> [BatchResult] {
    var mutationCount = 0
    var results: [BatchResult] = []
    results.reserveCapacity(batches.count)
    for batch in batches {
      if let refusal = try capabilities.refusal(of: batch, after: mutationCount) ?? conflict(of: batch, in: table) {
        results.append(.refused(refusal))
        continue
      }
      if let refusingOthers, !batch.isShrinking {
        results.append(.refused(refusingOthers))
        continue
      }
      let revision = revisions.next()
      let atEnd = try table.clearEnd(for: batch)
      for mutation in batch.mutations {
        switch mutation {
        case .put(let key, let value): try table.put(key, value, revision, atEnd: atEnd)
        case .delete(let key): try table.delete(key)
        }
      }
      mutationCount += batch.mutations.count
      results.append(.committed(revision))
    }
    return results
  }

  /// The refusal by the first check that does not hold.
  private func conflict(of batch: Batch, in table: LMDBTable) throws -> StoreError? {
    for check in batch.checks {
      let actual = try table.revision(at: check.key)
      guard actual == check.expected else {
        return .conflict(key: check.key, expected: check.expected, actual: actual)
      }
    }
    return nil
  }

  /// Commits the transaction, and judges what it means when that fails.
  ///
  /// LMDB makes a commit count by writing one meta page, last. When that write fails it declares the environment unusable;
  /// any failure before it left the old state in force. After a failure other than a lack of room the system may have thrown
  /// away what it could not write, so the store closes itself instead of building on it.
  private func finish(_ transaction: OpaquePointer, _ session: Session) throws {
    let result = mdb_txn_commit(transaction)
    if result == MDB_SUCCESS { return }
    var failure = LMDBFailure(result: result, action: "committing")
    // LMDB reports a write that stopped in the middle as an I/O error; a full disk is the usual reason.
    if result == EIO, availableByteCount() < 1 << 16 { failure.result = ENOSPC }
    if failure.isOutOfRoom || result == MDB_TXN_FULL || result == ENOMEM { throw failure }
    self.session = nil
    var probe: OpaquePointer?
    let isFatal = mdb_txn_begin(session.environment.handle, nil, 0, &probe) != MDB_SUCCESS
    if !isFatal { mdb_txn_abort(probe) }
    throw StoreError(
      isFatal ? .outcomeUnknown : .engine,
      "\(location.database): writing to the disk failed, and "
        + (isFatal ? "whether the commit was applied cannot be known" : "nothing of the commit was applied")
        + "; the store closed itself: look at the disk, open it again and read before writing", cause: failure)
  }

  private func availableByteCount() -> Int {
    var status = statvfs()
    guard statvfs(location.folder, &status) == 0 else { return .max }
    return Int(clamping: UInt64(status.f_bavail) * UInt64(status.f_frsize))
  }
}
