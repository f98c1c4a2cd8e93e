import TomboloPorts
import TomboloStorage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Looks for damage before LMDB gets to see a database.
///
/// LMDB trusts its file: it follows page numbers through the map without looking where they lead, and what is damaged or cut
/// off ends the process. So the two meta pages are read here first. All pages are read and their structure checked where it
/// takes well under a second: always in a small database, in one of moderate size that was not closed in order the last time,
/// and in one that is shorter than its meta page says. The last alone is no damage: pages that a commit took and gave back are
/// counted, but were never written.
enum LMDBInspection {
  private static let alwaysCheckedByteCount = 16 * 1_024 * 1_024
  private static let checkedAfterCrashByteCount = 256 * 1_024 * 1_024
  /// How many pages may be counted without being there: far more than one commit takes.
  private static let missingPageCountMaximum = 1 << 20

  /// Whether there is no database yet. Throws when what is there is none, or not a whole one.
  static func isNew(_ location: LMDBLocation) throws -> Bool {
    let path = location.database
    let file = open(path, O_RDWR | O_CLOEXEC)
    guard file >= 0 else {
      guard errno == ENOENT else { throw SystemFailure.last(path, "opening it") }
      return true
    }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw SystemFailure.last(path, "looking at it") }
    let pages = LMDBPageFile(file: file, path: path, byteCount: Int(status.st_size))
    let meta = try pages.newestMeta()
    guard meta.lastPage - pages.byteCount / meta.pageByteCount < missingPageCountMaximum else {
      throw pages.damage("its meta page gives \(meta.lastPage) as the last page, and the file ends long before")
    }
    let isCutOff = pages.byteCount / meta.pageByteCount <= meta.lastPage
    let wasClosed = access(location.readers, F_OK) != 0
    if isCutOff || pages.byteCount <= (wasClosed ? alwaysCheckedByteCount : checkedAfterCrashByteCount) {
      var walk = LMDBPageWalk(pages: pages, meta: meta)
      try walk.run()
    }
    return false
  }
}
