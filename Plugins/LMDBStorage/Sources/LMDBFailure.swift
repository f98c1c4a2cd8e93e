import CLMDB
import TomboloPorts

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A result of LMDB that is no success: one of its own codes when negative, the system's error number otherwise.
struct LMDBFailure: Error, Hashable, Sendable, CustomStringConvertible {
  var result: Int32
  /// What was being done, for the message.
  var action: String

  /// Throws unless `result` is success.
  static func require(_ result: Int32, _ action: @autoclosure () -> String) throws {
    guard result == MDB_SUCCESS else { throw LMDBFailure(result: result, action: action()) }
  }

  /// Whether the disk, or the map at its limit, has no room for more pages.
  var isOutOfRoom: Bool { result == MDB_MAP_FULL || result == ENOSPC || result == EDQUOT }

  /// What it means for a user of the store.
  func storeError(path: String) -> StoreError {
    StoreError(code, "\(path): \(Self.advice(code)), while \(action)", cause: self)
  }

  var code: StoreError.Code {
    switch result {
    case MDB_MAP_FULL, ENOSPC, EDQUOT: .full
    case MDB_TXN_FULL: .batchTooLarge
    case MDB_INVALID, MDB_CORRUPTED, MDB_PAGE_NOTFOUND, MDB_VERSION_MISMATCH, MDB_CURSOR_FULL, MDB_PAGE_FULL,
      MDB_INCOMPATIBLE:
      .damaged
    case EACCES, EPERM, EROFS, ENOENT, EISDIR: .inaccessible
    default: .engine
    }
  }

  private static func advice(_ code: StoreError.Code) -> String {
    switch code {
    case .full: "there is no room left on the disk or within `sizeMaximum`; make room and try again"
    case .batchTooLarge: "the commit changes more pages than LMDB takes in one transaction; commit less at once"
    case .damaged: adviceOnDamage
    case .inaccessible: "the file cannot be read and written; check its permissions and those of its folder"
    default: "LMDB failed"
    }
  }

  /// What to do with a damaged database.
  static let adviceOnDamage =
    "the database is damaged; move it away, then put a backup in its place, or begin with an empty store"

  var description: String { "LMDB \(result): \(String(cString: mdb_strerror(result)))" }
}
