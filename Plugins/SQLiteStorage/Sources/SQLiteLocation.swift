/// Where a `SQLiteStore` keeps its files.
struct SQLiteLocation: Hashable, Sendable {
  /// The folder, without a slash at its end.
  var folder: String

  init(folder: String) {
    var folder = folder
    while folder.count > 1, folder.hasSuffix("/") { folder.removeLast() }
    self.folder = folder.isEmpty ? "." : folder
  }

  /// The database.
  var database: String { "\(folder)/tombolo.sqlite" }
  /// SQLite's journal of commits that are not yet in the database file.
  var journal: String { "\(database)-wal" }
  /// A database in the making. It gets its name when it is complete, so that an empty `database` is always damage.
  var draft: String { "\(database).new" }
}
