private import CFileStorage
import TomboloStorage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The system's own files.
struct SystemFiles: FileSystem {
  let bootIdentifier: [UInt8]?

  init() {
    bootIdentifier = Self.readBootIdentifier()
  }

  func names(in folder: String) throws(SystemFailure) -> [String] {
    guard let stream = opendir(folder) else { throw SystemFailure(errorNumber: errno) }
    defer { closedir(stream) }
    var names: [String] = []
    errno = 0
    while let entry = readdir(stream) {
      // The name is a C array inside the entry, which Swift sees as a tuple.
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      names.append(name)
      errno = 0
    }
    guard errno == 0 else { throw SystemFailure(errorNumber: errno) }
    return names
  }

  func open(_ path: String, _ purpose: FilePurpose) throws(SystemFailure) -> Int32 {
    let flags =
      switch purpose {
      case .reading: O_RDONLY
      case .writing: O_RDWR
      case .creating: O_RDWR | O_CREAT | O_TRUNC
      }
    #if canImport(Darwin)
      let file = Darwin.open(path, flags | O_CLOEXEC, 0o600)
    #elseif canImport(Musl)
      let file = Musl.open(path, flags | O_CLOEXEC, 0o600)
    #else
      let file = Glibc.open(path, flags | O_CLOEXEC, 0o600)
    #endif
    guard file >= 0 else { throw SystemFailure(errorNumber: errno) }
    return file
  }

  func close(_ file: Int32) {
    // What it could report was reported by `synchronize`; what was not synchronized was not promised.
    #if canImport(Darwin)
      _ = Darwin.close(file)
    #elseif canImport(Musl)
      _ = Musl.close(file)
    #else
      _ = Glibc.close(file)
    #endif
  }

  func byteCount(of file: Int32) throws(SystemFailure) -> Int {
    var status = stat()
    guard fstat(file, &status) == 0 else { throw SystemFailure(errorNumber: errno) }
    return Int(status.st_size)
  }

  func read(_ file: Int32, into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(SystemFailure) -> Int {
    let count = pread(file, buffer.baseAddress, buffer.count, off_t(offset))
    guard count >= 0 else { throw SystemFailure(errorNumber: errno) }
    return count
  }

  func write(_ file: Int32, _ bytes: UnsafeRawBufferPointer, at offset: Int) throws(SystemFailure) -> Int {
    let count = pwrite(file, bytes.baseAddress, bytes.count, off_t(offset))
    guard count >= 0 else { throw SystemFailure(errorNumber: errno) }
    return count
  }

  func beginWriting(_ file: Int32, byteCount: Int, at offset: Int) throws(SystemFailure) {
    let failure = tombolo_file_begin_writing(file, Int64(offset), Int64(byteCount))
    guard failure == 0 else { throw SystemFailure(errorNumber: failure) }
  }

  func synchronize(_ file: Int32) throws(SystemFailure) {
    #if canImport(Darwin)
      // On this system only this call reaches the disk itself.
      guard fcntl(file, F_FULLFSYNC) != -1 else { throw SystemFailure(errorNumber: errno) }
    #else
      guard fdatasync(file) == 0 else { throw SystemFailure(errorNumber: errno) }
    #endif
  }

  func truncate(_ file: Int32, to byteCount: Int) throws(SystemFailure) {
    guard ftruncate(file, off_t(byteCount)) == 0 else { throw SystemFailure(errorNumber: errno) }
  }

  func rename(_ path: String, to newPath: String) throws(SystemFailure) {
    #if canImport(Darwin)
      let result = Darwin.rename(path, newPath)
    #elseif canImport(Musl)
      let result = Musl.rename(path, newPath)
    #else
      let result = Glibc.rename(path, newPath)
    #endif
    guard result == 0 else { throw SystemFailure(errorNumber: errno) }
  }

  func remove(_ path: String) throws(SystemFailure) {
    guard unlink(path) == 0 else { throw SystemFailure(errorNumber: errno) }
  }

  func synchronizeFolder(_ path: String) throws(SystemFailure) {
    let folder = try openFolder(path)
    defer { close(folder) }
    guard fsync(folder) == 0 else { throw SystemFailure(errorNumber: errno) }
  }

  private func openFolder(_ path: String) throws(SystemFailure) -> Int32 {
    #if canImport(Darwin)
      let folder = Darwin.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    #elseif canImport(Musl)
      let folder = Musl.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    #else
      let folder = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    #endif
    guard folder >= 0 else { throw SystemFailure(errorNumber: errno) }
    return folder
  }

  /// Where the system does not tell, less is known about a journal after a crash, and nothing else changes.
  private static func readBootIdentifier() -> [UInt8]? {
    #if canImport(Glibc)
      let file = Glibc.open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
    #elseif canImport(Musl)
      let file = Musl.open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
    #else
      let file: Int32 = -1
    #endif
    guard file >= 0 else { return nil }
    var bytes = [UInt8](repeating: 0, count: 36)
    let count = pread(file, &bytes, bytes.count, 0)
    #if canImport(Glibc)
      _ = Glibc.close(file)
    #elseif canImport(Musl)
      _ = Musl.close(file)
    #endif
    return count == bytes.count ? bytes : nil
  }
}
