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

/// From a folder to an environment: looks for damage, makes a new database, and gives room back to the disk.
struct LMDBOpening {
  let location: LMDBLocation
  let folder: StoreFolder
  let durability: StoreDurability
  let mapByteCount: Int
  let mapByteCountMaximum: Int

  func open() throws -> LMDBEnvironment {
    // Who joins others finds what the first of them has made and looked through, and must not read it while they write.
    guard folder.isFirst else { return try join() }
    if try LMDBInspection.isNew(location) { try create() }
    try tidy()
    // Before the database is open: to share, the lock is given up for a moment, and who has it then tidies as well.
    try folder.share()
    return try environment(location.database)
  }

  /// Opens what others have open: a database, and of this program and version.
  private func join() throws -> LMDBEnvironment {
    guard access(location.database, F_OK) == 0 else {
      guard errno == ENOENT else { throw SystemFailure.last(location.database, "opening it") }
      throw StoreError(
        .inUse, "\(location.database): its first process ended while it made the database; open it again")
    }
    let environment = try environment(location.database)
    try requireHeader(environment)
    return environment
  }

  private func requireHeader(_ environment: LMDBEnvironment) throws {
    _ = try environment.withSnapshot { transaction in
      try LMDBHeader(from: transaction, table: environment.records, path: environment.path)
    }
  }

  /// Gives room back to the disk. Only while nobody has the database open.
  func tidy() throws {
    // A scope of its own: the old file must be closed before another one takes its name and its table of readers.
    if try compact() { try nameDraft() } else { try removeDraft() }
  }

  private func environment(_ path: String) throws -> LMDBEnvironment {
    try LMDBEnvironment(
      path: path, folder: folder, durability: durability, mapByteCount: mapByteCount,
      mapByteCountMaximum: mapByteCountMaximum)
  }

  /// Makes a new database under another name, complete and on the disk, and then gives it its own. So there is never a
  /// database without its header, whenever the machine stops.
  private func create() throws {
    try removeDraft()
    try fillDraft()
    try nameDraft()
  }

  private func fillDraft() throws {
    let draft = try environment(location.draft)
    let transaction = try draft.beginWriting()
    do {
      try LMDBHeader().write(to: transaction, table: draft.records)
    } catch {
      mdb_txn_abort(transaction)
      throw error
    }
    try LMDBFailure.require(mdb_txn_commit(transaction), "creating it")
    try LMDBFailure.require(mdb_env_sync(draft.handle, 1), "creating it")
  }

  /// Looks whose database it is, and copies what is in use into a draft when most of the file is not.
  private func compact() throws -> Bool {
    let environment = try environment(location.database)
    try requireHeader(environment)
    return try LMDBSpace.compact(environment, to: location.draft)
  }

  /// Gives a complete draft the database's name.
  func nameDraft() throws {
    guard rename(location.draft, location.database) == 0 else {
      throw SystemFailure.last(location.database, "naming the new database")
    }
    try removeDraft()
    try SystemFailure.synchronizeFolder(location.folder)
  }

  func removeDraft() throws {
    for path in [location.draft, "\(location.draft)-lock"] {
      guard unlink(path) == 0 || errno == ENOENT else { throw SystemFailure.last(path, "removing a draft") }
    }
  }
}
