import Synchronization
import TomboloPorts

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Keeps a process from holding one folder twice, for an engine whose own locks belong to the process: closing one of two
/// openings would release those of both.
final class ProcessClaim: Sendable {
  /// Which file it is, whatever it is called.
  private struct Place: Hashable, Sendable {
    var device: UInt64
    var inode: UInt64
  }

  private static let taken = Mutex<Set<Place>>([])

  private let place: Place

  /// - Throws: `StoreError` with `inUse` when this process holds it already.
  init(_ file: Int32, folder: String) throws {
    var status = stat()
    guard fstat(file, &status) == 0 else { throw SystemFailure.last(folder, "looking at its lock") }
    let place = Place(device: UInt64(truncatingIfNeeded: status.st_dev), inode: UInt64(status.st_ino))
    guard Self.taken.withLock({ $0.insert(place).inserted }) else {
      throw StoreError(
        .inUse,
        "\(folder) is in use by another store object in this process (pid \(getpid())): one process opens such a folder once, "
          + "shared or not; hand that object on")
    }
    self.place = place
  }

  deinit { Self.taken.withLock { _ = $0.remove(place) } }
}
