import CSQLite
import TomboloPorts

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A result code of SQLite that is no success, and what the system said.
struct SQLiteFailure: Error, Hashable, Sendable {
  /// The extended result code: https://www.sqlite.org/rescode.html
  var result: Int32
  /// `errno` of the system call that failed, when one did.
  var systemError: Int32
  /// SQLite's own words. They name tables and files, never values.
  var text: String

  private var primary: Int32 { result & 0xFF }
  /// `SQLITE_IOERR_CORRUPTFS`, a macro that Swift does not import.
  private static let corruptFileSystem = SQLITE_IOERR | 33 << 8

  /// What it means for a user of the store.
  func storeError(path: String, while action: String) -> StoreError {
    storeError(code, path: path, while: action)
  }

  /// The error with a code that the circumstances give.
  func storeError(_ code: StoreError.Code, path: String, while action: String) -> StoreError {
    StoreError(code, "\(path): \(Self.advice(code)), while \(action)", cause: self)
  }

  /// What it means when a COMMIT was answered with it. Only a disk that ran full, or a lock that was not got, is known to
  /// have written no complete transaction; after anything else the journal may hold it.
  func storeErrorOfCommit(path: String) -> StoreError {
    if primary == SQLITE_FULL || primary == SQLITE_BUSY || isShortOfQuota {
      return storeError(path: path, while: "committing")
    }
    return StoreError(
      .outcomeUnknown,
      "\(path): whether the commit was applied cannot be known, because writing it to the disk failed; read before "
        + "writing again, and look at the disk",
      cause: self)
  }

  private var code: StoreError.Code {
    switch primary {
    case SQLITE_FULL: .full
    case SQLITE_CORRUPT, SQLITE_NOTADB: .damaged
    case SQLITE_BUSY, SQLITE_LOCKED: .inUse
    case SQLITE_PERM, SQLITE_READONLY, SQLITE_CANTOPEN, SQLITE_AUTH: isOutOfRoom ? .full : .inaccessible
    case SQLITE_IOERR: isOutOfRoom ? .full : result == Self.corruptFileSystem ? .damaged : .engine
    default: .engine
    }
  }

  /// `SQLITE_IOERR_SHMSIZE`: the index of the journal could not grow. SQLite keeps no system error for it.
  private static let indexCannotGrow = SQLITE_IOERR | 19 << 8

  private var isOutOfRoom: Bool { systemError == ENOSPC || systemError == EDQUOT || result == Self.indexCannotGrow }

  /// `SQLITE_IOERR_WRITE` for want of room: what SQLite makes of a user's share of the disk that is used up, where a disk that is
  /// full gives `SQLITE_FULL`. Nothing else is different.
  private var isShortOfQuota: Bool { result == SQLITE_IOERR | 3 << 8 && isOutOfRoom }

  /// Whether SQLite says that it does not understand what it was asked.
  var isAboutTheQuestion: Bool { primary == SQLITE_ERROR }

  private static func advice(_ code: StoreError.Code) -> String {
    switch code {
    case .full: "there is no room left on the disk; make room and try again"
    case .damaged: adviceOnDamage
    case .inUse: "another program holds the database; end it, or set a longer `busyTimeout`"
    case .inaccessible: "the file cannot be read and written; check its permissions and those of its folder"
    default: "SQLite failed"
    }
  }

  /// What to do with a damaged database.
  static let adviceOnDamage =
    "the database is damaged; move it away together with its `-wal` file, then put a backup in its place or recover what "
    + "can be read with `sqlite3 FILE .recover`"
}

extension SQLiteFailure: CustomStringConvertible {
  var description: String {
    systemError == 0 ? "SQLite \(result): \(text)" : "SQLite \(result): \(text); system error \(systemError)"
  }
}
