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

/// Gives the room of deleted records back to the disk.
///
/// LMDB uses freed pages again, but never makes its file smaller. So a database of which more than half is free is copied,
/// without its free pages, when it is closed and when it is opened.
enum LMDBSpace {
  /// Smaller files are left alone: 4 MiB.
  private static let pageCountMinimum = 1_024

  /// Copies what is in use into `draft`, durably, when most of the database is free. Answers whether it did.
  static func compact(_ environment: LMDBEnvironment, to draft: String) throws -> Bool {
    guard try isMostlyFree(environment) else { return false }
    let file = open(draft, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard file >= 0 else { return false }
    defer { close(file) }
    // When it cannot be copied, mostly because the disk has no room for both, the database stays as it is, whole, and the next
    // closing or opening tries again.
    return mdb_env_copyfd2(environment.handle, file, UInt32(MDB_CP_COMPACT)) == MDB_SUCCESS && fsync(file) == 0
  }

  private static func isMostlyFree(_ environment: LMDBEnvironment) throws -> Bool {
    try environment.withSnapshot { transaction in
      let pageCount = Int(environment.information.me_last_pgno) + 1
      guard pageCount > pageCountMinimum else { return false }
      var statistics = MDB_stat()
      try LMDBFailure.require(mdb_stat(transaction, environment.records, &statistics), "counting its pages")
      let used = statistics.ms_branch_pages + statistics.ms_leaf_pages + statistics.ms_overflow_pages
      return Int(used) < pageCount / 2
    }
  }
}
