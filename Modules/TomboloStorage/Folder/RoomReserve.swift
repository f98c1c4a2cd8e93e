import TomboloPorts

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Room on the disk that is kept for settling: the file `tombolo.reserve` in a store's folder, which holds nothing and is
/// given up when the disk is full and a shrinking commit needs its room.
///
///     held ──release, the disk is full──▶ spent ──restore, there is room again──▶ held
///
/// While it is spent, the store refuses commits that are not shrinking, so that what was given up serves settling alone.
/// Its size is the same at every opening (the configured one, and at most an eighth of the file system), so that it does not
/// wear away on a disk that is nearly full again and again.
///
/// Used by one thread at a time.
package final class RoomReserve {
  /// How much room it is to hold.
  package let byteCount: Int
  /// Whether its room was given up, or could not be had yet.
  package private(set) var isSpent = true
  private let path: String
  private let folder: String

  /// Takes up the reserve of a folder, or makes it. Without room for it it begins as spent.
  ///
  /// - Parameter byteCount: How much room to hold; none when it is zero.
  package init(folder: String, byteCount: Int) throws {
    self.folder = folder
    path = "\(folder)/tombolo.reserve"
    var system = statvfs()
    guard statvfs(folder, &system) == 0 else { throw SystemFailure.last(folder, "asking how large its disk is") }
    let eighth = Int(clamping: UInt64(system.f_blocks).multipliedReportingOverflow(by: UInt64(system.f_frsize)).0 / 8)
    self.byteCount = max(0, min(byteCount, eighth))
    try restore()
  }

  /// Gives up the room, and answers whether there was some to give.
  package func release() throws -> Bool {
    let wasHeld = !isSpent && byteCount > 0
    isSpent = true
    guard unlink(path) == 0 || errno == ENOENT else { throw SystemFailure.last(path, "giving up its room") }
    return wasHeld
  }

  /// Takes the room again if there is enough of it, and a quarter more, so that the disk is not full at once.
  package func restore() throws {
    guard isSpent else { return }
    guard byteCount > 0 else {
      isSpent = false
      return
    }
    let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else {
      if SystemFailure.isAboutRoom(errno) { return }
      throw SystemFailure.last(path, "making it")
    }
    defer { close(file) }
    if try Self.allocatedByteCount(file, path) < byteCount {
      guard try freeByteCount() >= byteCount + byteCount / 4 else { return try giveBack() }
      let failure = Self.allocate(file, byteCount)
      guard failure == 0 else {
        try giveBack()
        if SystemFailure.isAboutRoom(failure) { return }
        errno = failure
        throw SystemFailure.last(path, "making it")
      }
    }
    // Smaller than before when it was configured so.
    guard ftruncate(file, off_t(byteCount)) == 0 else { throw SystemFailure.last(path, "cutting it to its size") }
    isSpent = false
  }

  /// What is free on its disk for this user, in bytes.
  package func freeByteCount() throws -> Int {
    var system = statvfs()
    guard statvfs(folder, &system) == 0 else { throw SystemFailure.last(folder, "asking for the room on its disk") }
    return Int(clamping: UInt64(system.f_bavail).multipliedReportingOverflow(by: UInt64(system.f_frsize)).0)
  }

  private func giveBack() throws {
    guard unlink(path) == 0 || errno == ENOENT else { throw SystemFailure.last(path, "giving up its room") }
  }

  private static func allocatedByteCount(_ file: Int32, _ path: String) throws -> Int {
    var status = stat()
    guard fstat(file, &status) == 0 else { throw SystemFailure.last(path, "looking at its size") }
    // Blocks are counted in 512 bytes, whatever the file system's own are.
    return min(Int(status.st_size), Int(status.st_blocks) * 512)
  }

  /// Gives the file real blocks; answers with an error number, or zero.
  private static func allocate(_ file: Int32, _ byteCount: Int) -> Int32 {
    #if canImport(Darwin)
      let chunk = [UInt8](repeating: 0xA5, count: 64 * 1_024)
      for offset in stride(from: 0, to: byteCount, by: chunk.count) {
        let count = min(chunk.count, byteCount - offset)
        if pwrite(file, chunk, count, off_t(offset)) != count { return errno == 0 ? ENOSPC : errno }
      }
      return 0
    #else
      return posix_fallocate(file, 0, off_t(byteCount))
    #endif
  }
}
