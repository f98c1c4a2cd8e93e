import CSQLite
import TomboloPorts

/// Keeps the journal (SQLite's write-ahead log) bounded: moves its pages into the database once there are enough of them.
///
/// A passive checkpoint disturbs nobody, but where somebody reads all the time it never finds the moment to begin the journal
/// anew, and the journal grows for ever. So at twice the limit the writer waits, for a moment, until those who read from the
/// journal are done; whoever begins to read meanwhile reads from the database and is not held up.
///
/// Another program that keeps a transaction open keeps the journal too: nothing can be moved past what it sees.
final class SQLiteJournal {
  /// What the journal may hold on a disk with room before its pages are moved: 4 MiB.
  private static let byteCountMaximum = 4 << 20
  private static let tryTimeout = Duration.milliseconds(50)

  private let connection: SQLiteConnection
  private let timeouts: SQLiteTimeouts
  let pageCountLimit: Int
  /// When readers are waited for. Put off after waiting in vain, so that not every commit waits.
  private var restartPageCount: Int
  /// Why the pages could not be moved the last time; `nil` when they could.
  private(set) var failure: StoreError?

  /// - Parameter byteCountLimit: What it may hold at most, where that is less than on a disk with room.
  init(_ connection: SQLiteConnection, byteCountLimit: Int, pageByteCount: Int, timeouts: SQLiteTimeouts) throws {
    self.connection = connection
    self.timeouts = timeouts
    pageCountLimit = max(1, min(byteCountLimit, Self.byteCountMaximum) / pageByteCount)
    restartPageCount = 2 * pageCountLimit
    try connection.execute(
      """
      PRAGMA wal_autocheckpoint = 0;
      PRAGMA journal_size_limit = \(2 * pageCountLimit * pageByteCount);
      """)
    connection.countJournalPages()
  }

  /// Call after every commit. The commit is safe already, so a failure is kept for the next one that wants room.
  func bound() {
    guard connection.journalPageCount >= pageCountLimit else { return }
    if connection.journalPageCount < restartPageCount {
      move(SQLITE_CHECKPOINT_PASSIVE)
    } else {
      let isDone = restart()
      restartPageCount = isDone ? 2 * pageCountLimit : connection.journalPageCount + pageCountLimit
    }
  }

  /// Moves all pages, and has the next commit begin the journal anew, so that it needs no further room. Answers whether it
  /// could.
  ///
  /// The patience with readers is spent in several tries. In each SQLite decides once whom it waits for: it goes on waiting for a place in
  /// the journal that was old then and is of the newest readers now, and while one of those begins before another ends, for ever.
  func restart() -> Bool {
    let patience = min(timeouts.busy, timeouts.restart)
    connection.setBusyTimeout(min(patience, Self.tryTimeout))
    defer { connection.setBusyTimeout(timeouts.busy) }
    let start = ContinuousClock.now
    repeat {
      if move(SQLITE_CHECKPOINT_RESTART) { return true }
    } while failure == nil && start.duration(to: .now) < patience
    return false
  }

  @discardableResult
  private func move(_ mode: Int32) -> Bool {
    do {
      let isDone = try connection.checkpoint(mode)
      failure = nil
      return isDone
    } catch let error as StoreError {
      failure = error
    } catch {
      failure = StoreError(.engine, "\(connection.path): moving the journal into the database failed", cause: error)
    }
    return false
  }
}
