import CLMDB
import TomboloPorts

/// Where revisions come from: an epoch, kept in the database and raised by every opening, above a counter.
///
/// No revision is ever given twice, although the counter is not stored: whatever was given before a crash, and whatever a
/// commit that failed took, belongs to an older epoch or a smaller count.
final class LMDBRevisions {
  /// How much of a revision is counter: at a million batches a second it lasts for twelve days, then the epoch is raised.
  private static let counterBitCount: UInt64 = 40
  private static let epochMaximum: UInt64 = 1 << 24 - 1

  private var epoch: UInt64
  private var counter: UInt64 = 0

  /// Raises the epoch for this opening.
  init(claimedIn environment: LMDBEnvironment) throws {
    epoch = try Self.claimEpoch(in: environment)
  }

  /// Makes sure that `count` revisions can be taken. Must be called outside a transaction.
  func reserve(_ count: Int, in environment: LMDBEnvironment) throws {
    guard counter + UInt64(count) >= 1 << Self.counterBitCount else { return }
    epoch = try Self.claimEpoch(in: environment)
    counter = 0
  }

  func next() -> Revision {
    counter += 1
    return Revision(rawValue: epoch << Self.counterBitCount | counter)
  }

  private static func claimEpoch(in environment: LMDBEnvironment) throws -> UInt64 {
    // A map is no larger than a large database that was just opened, and even this commit needs a page or two.
    try environment.growing(beyondMaximumBy: 1 << 20) { try tryClaimingEpoch(in: environment) }
  }

  private static func tryClaimingEpoch(in environment: LMDBEnvironment) throws -> UInt64 {
    let transaction = try environment.beginWriting()
    var header: LMDBHeader
    do {
      header = try LMDBHeader(from: transaction, table: environment.records, path: environment.path)
      guard header.epoch < epochMaximum else {
        throw StoreError(
          .engine,
          "\(environment.path): it was opened \(header.epoch) times and has no revisions left; copy it into a new store"
        )
      }
      header.epoch += 1
      try header.write(to: transaction, table: environment.records)
    } catch {
      mdb_txn_abort(transaction)
      throw error
    }
    try LMDBFailure.require(mdb_txn_commit(transaction), "noting that it was opened")
    return header.epoch
  }
}
