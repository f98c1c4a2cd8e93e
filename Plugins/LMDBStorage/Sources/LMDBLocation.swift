import TomboloStorage

/// Where an `LMDBStore` keeps its files.
struct LMDBLocation: Hashable, Sendable {
  /// The folder, without a slash at its end.
  var folder: String

  init(folder: String) { self.folder = StoreFolder.withoutSlash(folder) }

  /// The database.
  var database: String { "\(folder)/tombolo.lmdb" }
  /// LMDB's table of readers, removed by an orderly close, so that finding it tells of a crash.
  var readers: String { "\(database)-lock" }
  /// A database in the making. It gets its name when it is complete, so that an empty `database` is always damage.
  var draft: String { "\(database).new" }
  /// Room kept for deletes on a disk that is full; see `RoomReserve`.
  var reserve: String { "\(folder)/tombolo.reserve" }
}
