import TomboloPorts

/// Where revisions come from: an epoch, kept in the database and raised by every opening, above a counter.
///
/// No revision is ever given twice, although the counter is not stored: whatever was given before a crash, and whatever a
/// rolled back commit took, belongs to an older epoch or a smaller count.
final class SQLiteRevisions {
  /// How much of a revision is counter: at a million batches a second it lasts for twelve days, then the epoch is raised.
  private static let counterBitCount: UInt64 = 40
  private static let epochMaximum: Int64 = 1 << 23 - 1

  private let connection: SQLiteConnection
  private var epoch: UInt64
  private var counter: UInt64 = 0

  /// Raises the epoch for this opening, durably, and marks the database as being in use.
  init(claimedWith connection: SQLiteConnection) throws {
    self.connection = connection
    epoch = try Self.claimEpoch(connection)
  }

  /// Makes sure that `count` revisions can be taken. Must be called outside a transaction.
  func reserve(_ count: Int) throws {
    guard counter + UInt64(count) >= 1 << Self.counterBitCount else { return }
    epoch = try Self.claimEpoch(connection)
    counter = 0
  }

  func next() -> Revision {
    counter += 1
    return Revision(rawValue: epoch << Self.counterBitCount | counter)
  }

  private static func claimEpoch(_ connection: SQLiteConnection) throws -> UInt64 {
    // Read and raised in one transaction: two who share the database never get the same one.
    try connection.execute("BEGIN IMMEDIATE")
    do {
      let epoch = try raiseEpoch(connection)
      try connection.execute("COMMIT")
      return epoch
    } catch {
      do {
        try connection.execute("ROLLBACK")
      } catch {
        // Nothing is open any more; what went wrong first is what is told.
      }
      throw error
    }
  }

  private static func raiseEpoch(_ connection: SQLiteConnection) throws -> UInt64 {
    guard let last = try connection.number("SELECT value FROM meta WHERE name = 'epoch'"), last >= 0 else {
      throw StoreError(.damaged, "\(connection.path): the epoch is missing; \(SQLiteFailure.adviceOnDamage)")
    }
    guard last < epochMaximum else {
      throw StoreError(
        .engine, "\(connection.path): it was opened \(last) times and has no revisions left; copy it into a new store")
    }
    try connection.execute(
      "UPDATE meta SET value = \(last + 1) WHERE name = 'epoch';"
        + "UPDATE meta SET value = 0 WHERE name = 'clean'")
    return UInt64(last + 1)
  }
}
