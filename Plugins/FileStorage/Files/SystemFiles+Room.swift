import TomboloStorage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension SystemFiles {
  func allocate(_ file: Int32, byteCount: Int) throws(SystemFailure) {
    #if canImport(Darwin)
      // This system has no call that gives room and length at once.
      let found = try self.byteCount(of: file)
      guard found < byteCount else { return }
      let chunk = [UInt8](repeating: 0xA5, count: 64 * 1_024)
      for offset in stride(from: found, to: byteCount, by: chunk.count) {
        try writeWhole(file, Array(chunk.prefix(byteCount - offset)), at: offset)
      }
    #else
      // Answers with the error number instead of setting it.
      let failure = posix_fallocate(file, 0, off_t(byteCount))
      guard failure == 0 else { throw SystemFailure(errorNumber: failure) }
    #endif
  }

  func room(in folder: String) throws(SystemFailure) -> DiskRoom {
    var system = statvfs()
    guard statvfs(folder, &system) == 0 else { throw SystemFailure(errorNumber: errno) }
    let block = UInt64(system.f_frsize)
    return DiskRoom(
      byteCount: Int(clamping: UInt64(system.f_blocks).multipliedReportingOverflow(by: block).0),
      freeByteCount: Int(clamping: UInt64(system.f_bavail).multipliedReportingOverflow(by: block).0))
  }
}
