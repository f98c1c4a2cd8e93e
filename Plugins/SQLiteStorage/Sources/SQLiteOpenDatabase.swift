import Synchronization
import TomboloStorage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A database that this process has open, for as long as this object lives.
///
/// A process that closes a file loses all its locks on it, also those that SQLite took through another descriptor
/// (https://www.sqlite.org/howtocorrupt.html, section 2.2); another process that closes the database then takes itself for the last,
/// and removes the journal under this one. So a file is looked at without SQLite only while no store of this process has it open.
final class SQLiteOpenDatabase: Sendable {
  /// Of the folder, under whichever path it is named.
  private struct Identity: Hashable {
    var device, file: UInt64
  }

  private static let counts = Mutex<[Identity: Int]>([:])

  private let identity: Identity

  /// - Parameters:
  ///   - folder: the folder of the database, which is there.
  ///   - look: looks at the files without SQLite; not called when another store of this process has them open.
  init(in folder: String, look: () throws -> Void) throws {
    var status = stat()
    guard stat(folder, &status) == 0 else { throw SystemFailure.last(folder, "looking at it") }
    let identity = Identity(
      device: UInt64(truncatingIfNeeded: status.st_dev), file: UInt64(truncatingIfNeeded: status.st_ino))
    try Self.counts.withLock { counts in
      if counts[identity] == nil { try look() }
      counts[identity, default: 0] += 1
    }
    self.identity = identity
  }

  deinit {
    Self.counts.withLock { counts in
      let count = counts[identity, default: 1] - 1
      counts[identity] = count > 0 ? count : nil
    }
  }
}
