import TomboloPorts
import TomboloStorage

/// Sees to it that a full disk never prevents settling.
///
/// A commit needs room twice: in the journal, and in the database when the journal's pages are moved there. Both are covered
/// by the folder's `RoomReserve`:
///
/// - The journal is moved once it holds half a reserve, so that the reserve has room for all of it.
/// - A commit that is large beside the reserve is refused as `full` unless the disk has room for it twice.
/// - When the disk is full, a commit that settles gives the reserve up, moves the journal and is tried once more. After a
///   journal that begins anew, commits that settle need no further room.
/// - While the reserve is spent, or the journal cannot be moved, commits that add are refused as `full`.
/// - What settling frees is given back to the disk until the reserve can be restored: a step after a commit that settles, several
///   before one that adds. Where these are not enough, the next commit goes on.
final class SQLiteRoom {
  /// How long a commit that adds goes on with such steps, at most: all that settles waits behind it.
  private static let patience = Duration.seconds(1)
  /// What one step gives back to the disk at most. The pages that are moved for it stay in the journal where somebody begins to read
  /// meanwhile, and the next settlement needs room there, too: a page moved puts two into the journal at most, but for a few.
  private let stepPageCountMaximum: Int
  /// What the next step tries: doubled after one that the journal had room for, halved after one that it had not.
  private var stepPageCount: Int

  let journal: SQLiteJournal
  private let reserve: RoomReserve
  private let connection: SQLiteConnection
  /// Why the reserve could not be restored, other than for lack of room.
  private var failure: StoreError?

  init(
    _ reserve: RoomReserve, connection: SQLiteConnection, pageByteCount: Int, timeouts: SQLiteTimeouts
  ) throws {
    self.reserve = reserve
    self.connection = connection
    let half = reserve.byteCount / 2
    journal = try SQLiteJournal(
      connection, byteCountLimit: reserve.byteCount == 0 ? .max : half, pageByteCount: pageByteCount, timeouts: timeouts
    )
    stepPageCountMaximum = max(1, journal.pageCountLimit / 4)
    stepPageCount = stepPageCountMaximum
  }

  /// Whether the disk was full, and the reserve is not yet restored.
  var isShort: Bool { reserve.isSpent }

  /// Throws `full` when a commit that adds must not be tried.
  func require(for batches: [Batch]) throws {
    if journal.failure != nil || reserve.isSpent {
      recover(for: Self.patience)
    }
    if let failure = journal.failure ?? failure { throw failure }
    guard !reserve.isSpent else {
      throw StoreError(
        .full,
        "\(connection.path): there is no room left on the disk but what is kept for settling (\(reserve.byteCount) bytes); make "
          + "room, or settle what waits")
    }
    let byteCount = batches.reduce(0) { $0 + $1.byteCount }
    guard reserve.byteCount > 0, byteCount > reserve.byteCount / 4 else { return }
    let free = try reserve.freeByteCount()
    guard free / 2 >= byteCount else {
      throw StoreError(
        .full,
        "\(connection.path): there is no room left on the disk for a commit of \(byteCount) bytes, which needs twice that much; "
          + "\(free) bytes are free; make room and try again")
    }
  }

  /// After a commit that settles was refused as `full`: gives it room. Answers whether trying again makes sense.
  func makeRoomForSettling() throws -> Bool {
    let hadReserve = try reserve.release()
    let isMoved = journal.restart()
    return hadReserve || isMoved
  }

  /// Call after every commit that was applied. What fails here is told to the next commit that adds.
  func afterCommit() {
    journal.bound()
    if reserve.isSpent { recover(for: .zero) }
  }

  /// Tries to get back to a disk with room, and gives back what the database has free for it: at least one step, and further ones while that has
  /// not taken longer than `patience`.
  private func recover(for patience: Duration) {
    guard journal.restart(), reserve.isSpent else { return }
    failure = nil
    let start = ContinuousClock.now
    do {
      // A reserve of nothing would fit on a full disk.
      if reserve.byteCount > 0 { try reserve.restore() }
      guard reserve.isSpent else { return }
      repeat {
        let hasGivenBack = try giveBackStep()
        // The file becomes shorter as its journal is moved.
        guard !hasGivenBack || journal.restart() else { return }
        try reserve.restore()
        guard hasGivenBack else { return }
      } while reserve.isSpent && start.duration(to: .now) < patience
    } catch let error as StoreError where error.code == .full || error.code == .inUse {
      // As before: the reserve stays spent, and the next commit tries again.
    } catch let error as StoreError {
      failure = error
    } catch {
      failure = StoreError(.engine, "\(connection.path): restoring the reserve failed", cause: error)
    }
  }

  /// Gives free pages back to the disk, as many as the journal has room for. Answers whether it did: there may be none, and a database that
  /// somebody has made without incremental vacuum keeps them.
  func giveBackStep() throws -> Bool {
    let freeBefore = try freePageCount()
    guard freeBefore > 0 else { return false }
    while true {
      do {
        try connection.execute("PRAGMA incremental_vacuum(\(stepPageCount))")
        stepPageCount = min(2 * stepPageCount, stepPageCountMaximum)
        return try freePageCount() < freeBefore
      } catch let error as StoreError where error.code == .full && stepPageCount > 1 {
        stepPageCount /= 2
      }
    }
  }

  private func freePageCount() throws -> Int64 { try connection.number("PRAGMA freelist_count") ?? 0 }
}
