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
/// off ends the process. So both meta pages, all pages in use and the list of free ones are read here first, all that LMDB goes
/// by is checked, and the checksum of every record too. That takes a few seconds for each GiB in use once the file is in the
/// system's cache, and otherwise as long as the disk takes to give it.
///
/// The older meta page is checked as well, so that the newer one cannot be taken for it when its transaction is damaged; but not
/// after a crash. When writing a meta page fails, LMDB gives it back its old transaction and leaves the rest, and the state before
/// counts.
enum LMDBInspection {
  /// How many pages may be counted without being there: far more than one commit takes. Pages that a commit took and gave back
  /// are counted, but were never written.
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
    #if !canImport(Darwin)
      // Trees are read in the order of their keys, not of their pages. Advice alone: what it answers changes nothing.
      _ = posix_fadvise(file, 0, 0, POSIX_FADV_WILLNEED)
    #endif
    let pages = LMDBPageFile(file: file, path: path, byteCount: Int(status.st_size))
    let (newest, older) = try pages.metas()
    try judge(newest, in: pages)
    var walk = LMDBPageWalk(pages: pages, meta: newest)
    try walk.run()
    // Only a store that was closed in order must have two that agree: see above.
    guard access(location.readers, F_OK) != 0 else { return false }
    try judge(older, in: pages)
    var olderWalk = LMDBPageWalk(pages: pages, meta: older)
    try olderWalk.runFree()
    return false
  }

  private static func judge(_ meta: LMDBMeta, in pages: LMDBPageFile) throws {
    try meta.judge(in: pages)
    guard meta.lastPage - pages.byteCount / meta.pageByteCount < missingPageCountMaximum else {
      throw pages.damage(
        "its meta page \(meta.number) gives \(meta.lastPage) as the last page, and the file ends long before")
    }
  }
}
