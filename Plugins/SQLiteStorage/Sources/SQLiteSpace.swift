/// Gives the room of deleted records back to the disk, a bounded step at a time, as part of commits that are made anyway.
///
/// The database keeps a reserve of free pages for what comes next, so that a queue that fills and empties does not move
/// pages for nothing.
final class SQLiteSpace {
  /// Free pages are counted once in so many mutations; counting reads one page that is in memory.
  private static let mutationCountBetweenLooks = 1_024
  /// What is always kept: 1 MiB of pages.
  private let reservePageCount: Int64
  /// What one step gives back at most, 1 MiB: it bounds how much longer that commit takes.
  private let stepPageCount: Int64
  /// What closing gives back at most: 256 MiB. The rest follows at the next closing.
  private let closingPageCount: Int64

  /// Which part of the database must be free before commits give something back. To give a page back, one in use is moved from the
  /// end of the file into its place: of a queue that is being drained nearly all that is left would be moved, and then deleted soon after.
  private static let commitShare = 0.9
  /// The same for closing, after which nothing is deleted for a while.
  private static let closingShare = 0.25

  private var mutationCount = 0

  init(pageByteCount: Int) {
    reservePageCount = Int64((1 << 20) / pageByteCount)
    stepPageCount = Int64((1 << 20) / pageByteCount)
    closingPageCount = Int64((256 << 20) / pageByteCount)
  }

  /// Call within a transaction, after its mutations, on a disk with room: what is moved is written to the journal first.
  func giveBackSome(after mutations: Int, with connection: SQLiteConnection) throws {
    mutationCount += mutations
    guard mutationCount >= Self.mutationCountBetweenLooks else { return }
    mutationCount = 0
    let excess = try excess(connection, beyond: Self.commitShare)
    guard excess > 0 else { return }
    try connection.execute("PRAGMA incremental_vacuum(\(min(excess, stepPageCount)))")
  }

  /// Call outside a transaction, when no more commits come.
  func giveBackAll(with connection: SQLiteConnection) throws {
    let excess = try excess(connection, beyond: Self.closingShare)
    guard excess > 0 else { return }
    try connection.execute("PRAGMA incremental_vacuum(\(min(excess, closingPageCount)))")
  }

  /// The free pages beyond the reserve, when they are more than this share of the database.
  private func excess(_ connection: SQLiteConnection, beyond share: Double) throws -> Int64 {
    let free = try connection.number("PRAGMA freelist_count") ?? 0
    guard free > reservePageCount else { return 0 }
    let all = try connection.number("PRAGMA page_count") ?? 0
    return Double(free) > Double(all) * share ? free - reservePageCount : 0
  }
}
