import TomboloPorts
import TomboloStorage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What the database holds, and in which version.
///
/// Records are one table without a row number: its tree is ordered by the key itself, so that a record is found with one
/// search and a scan reads neighbours. The revision stands before the value, so that a check never reads a long value.
enum SQLiteSchema {
  /// `Tmbl`, in the header of the file, so that a database of another program is recognised.
  static let applicationID: Int64 = 0x546D_626C
  /// Raised by every change an older program could not work with.
  static let version: Int64 = 1

  /// Of a new database. Twice what is SQLite's own default, because a tree of records has them in all its levels: with pages that hold
  /// twice as many, half as many are divided. What does not fit takes whole pages of its own, so payloads of about 2 to 4 KiB take up to twice
  /// the room that they took with 4 KiB; with 16 KiB it would be four times. A database keeps the size that it was made with.
  static let pageByteCount = 8_192

  /// Makes a new database under another name, complete and on the disk, and then gives it its own. So there is never a
  /// database without its tables, whenever the machine stops.
  static func create(
    at location: SQLiteLocation, busyTimeout: Duration, pageByteCount: Int = Self.pageByteCount
  ) throws {
    for path in [location.draft, "\(location.draft)-journal", "\(location.draft)-wal", "\(location.draft)-shm"] {
      guard unlink(path) == 0 || errno == ENOENT else { throw SystemFailure.last(path, "removing a draft") }
    }
    // Made here and not by SQLite, which would make it readable by others; its journals take over the permissions.
    let file = open(location.draft, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw SystemFailure.last(location.draft, "creating it") }
    close(file)
    let connection = try SQLiteConnection(path: location.draft, busyTimeout: busyTimeout)
    try connection.execute(
      """
      PRAGMA page_size = \(pageByteCount);
      PRAGMA auto_vacuum = INCREMENTAL;
      PRAGMA synchronous = FULL;
      BEGIN IMMEDIATE;
      PRAGMA application_id = \(applicationID);
      PRAGMA user_version = \(version);
      CREATE TABLE records (key BLOB PRIMARY KEY NOT NULL, revision INTEGER NOT NULL, value BLOB NOT NULL) WITHOUT ROWID;
      CREATE TABLE meta (name TEXT PRIMARY KEY NOT NULL, value INTEGER NOT NULL) WITHOUT ROWID;
      INSERT INTO meta (name, value) VALUES ('epoch', 0), ('clean', 1);
      COMMIT;
      PRAGMA journal_mode = WAL;
      """)
    try connection.close()
    guard rename(location.draft, location.database) == 0 else {
      throw SystemFailure.last(location.database, "naming the new database")
    }
    try SystemFailure.synchronizeFolder(location.folder)
  }

  /// What every opening sets for itself. The journal's mode is kept in the file, where a person with a tool may have changed it.
  ///
  /// What one statement may have to take back is kept in memory, at most the pages that `SQLiteRecords.rowCount` records lie in: otherwise
  /// SQLite makes a file in a folder for temporary ones, which may be full or read-only, and is not the store's.
  static func configure(_ connection: SQLiteConnection, durability: StoreDurability) throws {
    try connection.execute(
      """
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = \(durability.synchronous);
      PRAGMA temp_store = MEMORY;
      """)
  }

  /// Notes that everything was closed in order; the next `SQLiteRevisions` takes the note back.
  static func markClean(_ connection: SQLiteConnection) throws {
    try connection.execute("UPDATE meta SET value = 1 WHERE name = 'clean'")
  }
}
