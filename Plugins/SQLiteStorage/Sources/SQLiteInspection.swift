import TomboloPorts
import TomboloStorage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Looks for damage before a store works on a database.
///
/// The header, the version and the tables are always looked at. `PRAGMA quick_check` reads every page, about half a
/// gigabyte a second from memory and much less from a disk, so it runs only where it takes well under a second: always on a small
/// database, and on one of moderate size that was not closed in order the last time, when damage is likeliest. Otherwise
/// both ends of the table are read. Damage elsewhere is met by the call that comes across it, and told as `damaged` too.
enum SQLiteInspection {
  private static let alwaysCheckedByteCount: Int64 = 16 * 1_024 * 1_024
  private static let checkedAfterCrashByteCount: Int64 = 256 * 1_024 * 1_024
  /// How often a file is looked at that seems to be cut off while its header changes.
  private static let lookCountMaximum = 10

  /// Whether there is no database yet. Throws when what is there is none, or not a whole one.
  static func isNew(_ location: SQLiteLocation) throws -> Bool {
    let file = open(location.database, O_RDWR | O_CLOEXEC)
    guard file >= 0 else {
      guard errno == ENOENT else { throw SystemFailure.last(location.database, "opening it") }
      guard byteCount(of: location.journal) ?? 0 == 0 else {
        throw StoreError(
          .damaged,
          "\(location.database) is missing, but its journal \(location.journal) is there; put the database back, or move "
            + "the journal away to begin with an empty store")
      }
      return true
    }
    defer { close(file) }
    // Another process that shares the folder may cut the file to its size, and empty the journal, between the look at the one
    // and the look at the other. So the file is cut off only when it is so under the same header again.
    var earlier: [UInt8] = []
    for _ in 1...lookCountMaximum {
      let present = try header(of: file, at: location)
      try judge(present, of: location)
      guard let finding = damage(toSizeIn: present, of: location) else { return false }
      guard present != earlier else { throw finding }
      earlier = present
    }
    // Somebody writes all the time; whether the pages are all there is found out by reading them.
    return false
  }

  /// The first 100 bytes; fewer when there are not as many.
  private static func header(of file: Int32, at location: SQLiteLocation) throws -> [UInt8] {
    var header = [UInt8](repeating: 0, count: 100)
    let count = pread(file, &header, header.count, 0)
    guard count >= 0 else { throw SystemFailure.last(location.database, "reading its header") }
    return Array(header[..<count])
  }

  /// The header of https://www.sqlite.org/fileformat.html#the_database_header, as far as it tells a whole file of ours.
  private static func judge(_ header: [UInt8], of location: SQLiteLocation) throws {
    let path = location.database
    guard header.count == 100 else {
      throw StoreError(.damaged, "\(path): it is cut off after \(header.count) bytes; \(SQLiteFailure.adviceOnDamage)")
    }
    guard header.starts(with: Array("SQLite format 3\0".utf8)) else {
      throw StoreError(
        .damaged,
        "\(path): it is no SQLite database, or its header is damaged; move it away, then put a backup in its place or "
          + "begin with an empty store")
    }
    let applicationID = number(at: 68, in: header)
    guard applicationID == SQLiteSchema.applicationID else {
      throw StoreError(
        .damaged,
        "\(path): this is the database of another program (application id \(applicationID)); name another `path`")
    }
    // What SQLite itself would take for a mere lack of rights, or for a format it does not know.
    let hasKnownFormat =
      (1...2).contains(header[18]) && (1...2).contains(header[19]) && (1...4).contains(number(at: 44, in: header))
    guard hasKnownFormat, number(at: 56, in: header) == 1 else {
      throw StoreError(.damaged, "\(path): its header is damaged; \(SQLiteFailure.adviceOnDamage)")
    }
  }

  /// What to throw when the file is shorter than its whole header says.
  private static func damage(toSizeIn header: [UInt8], of location: SQLiteLocation) -> StoreError? {
    // While the journal holds commits, the file may be behind its header or ahead of it.
    guard byteCount(of: location.journal) ?? 0 == 0 else { return nil }
    let pageByteCount = Int64(header[16]) << 8 | Int64(header[17])
    let expected = number(at: 28, in: header) * pageByteCount
    let actual = byteCount(of: location.database) ?? 0
    guard actual < expected else { return nil }
    return StoreError(
      .damaged,
      "\(location.database): it is cut off after \(actual) of \(expected) bytes; \(SQLiteFailure.adviceOnDamage)")
  }

  private static func number(at offset: Int, in header: [UInt8]) -> Int64 {
    header[offset..<offset + 4].reduce(0) { $0 << 8 | Int64($1) }
  }

  /// Looks into an open database. Its questions are constant, so that one which SQLite does not understand tells of a damaged
  /// schema.
  static func inspect(_ connection: SQLiteConnection) throws {
    do {
      try judge(connection)
    } catch let error as StoreError {
      guard let failure = error.cause as? SQLiteFailure, failure.isAboutTheQuestion else { throw error }
      throw failure.storeError(.damaged, path: connection.path, while: "looking into it")
    }
  }

  private static func judge(_ connection: SQLiteConnection) throws {
    let version = try connection.number("PRAGMA user_version") ?? 0
    guard version <= SQLiteSchema.version else {
      throw StoreError(
        .damaged,
        "\(connection.path): a newer program wrote it (schema \(version), this one knows up to \(SQLiteSchema.version)); "
          + "install the newer program")
    }
    let tableCount = try connection.number(
      "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('records', 'meta')")
    let clean = tableCount == 2 ? try connection.number("SELECT value FROM meta WHERE name = 'clean'") : nil
    guard version == SQLiteSchema.version, tableCount == 2, let clean else {
      throw StoreError(.damaged, "\(connection.path): its tables are not complete; \(SQLiteFailure.adviceOnDamage)")
    }
    let pageCount = try connection.number("PRAGMA page_count") ?? 0
    let byteCount = pageCount * (try connection.number("PRAGMA page_size") ?? 0)
    if byteCount <= (clean == 1 ? alwaysCheckedByteCount : checkedAfterCrashByteCount) {
      let finding = try connection.text("PRAGMA quick_check(1)") ?? "no answer"
      guard finding == "ok" else {
        throw StoreError(.damaged, "\(connection.path): \(SQLiteFailure.adviceOnDamage) (quick_check: \(finding))")
      }
    } else {
      _ = try connection.number("SELECT revision FROM records ORDER BY key ASC LIMIT 1")
      _ = try connection.number("SELECT revision FROM records ORDER BY key DESC LIMIT 1")
    }
  }

  private static func byteCount(of path: String) -> Int64? {
    var status = stat()
    return stat(path, &status) == 0 ? Int64(status.st_size) : nil
  }
}
