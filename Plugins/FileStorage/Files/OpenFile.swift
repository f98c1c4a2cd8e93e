import TomboloPorts
import TomboloStorage

/// An open file. It is closed when the last reference goes, so that a reader can finish with a segment that was removed.
final class OpenFile: Sendable {
  let path: String
  private let descriptor: Int32
  private let files: any FileSystem

  init(_ path: String, _ purpose: FilePurpose, in files: any FileSystem) throws(StoreError) {
    self.path = path
    self.files = files
    do {
      descriptor = try files.open(path, purpose)
    } catch {
      throw error.storeError(path, "opening it")
    }
  }

  /// Takes over an open file, which it closes.
  init(_ path: String, adopting descriptor: Int32, in files: any FileSystem) {
    self.path = path
    self.descriptor = descriptor
    self.files = files
  }

  deinit {
    files.close(descriptor)
  }

  func byteCount() throws(StoreError) -> Int {
    do {
      return try files.byteCount(of: descriptor)
    } catch {
      throw error.storeError(path, "looking at its length")
    }
  }

  /// Up to `byteCount` bytes; fewer where the file ends.
  func read(_ byteCount: Int, at offset: Int) throws(StoreError) -> [UInt8] {
    do {
      return try files.readWhole(descriptor, byteCount: byteCount, at: offset)
    } catch {
      throw error.storeError(path, "reading it")
    }
  }

  /// Answers with the bytes of one value, read at `offset`, when there are `byteCount` of them and they match `checksum`.
  func checked(
    _ value: [UInt8], at offset: Int, byteCount: Int, checksum: UInt32
  ) throws(StoreError) -> [UInt8] {
    guard value.count == byteCount, CRC32C.checksum(value) == checksum else {
      throw JournalDamage(offset, "a value does not match its checksum any more").storeError(path: path)
    }
    return value
  }

  func write(_ bytes: [UInt8], at offset: Int) throws(SystemFailure) {
    try files.writeWhole(descriptor, bytes, at: offset)
  }

  /// Has the disk begin with what was written there, where that is possible. To be followed by `synchronize`, and a failure is one of that.
  func beginWriting(_ byteCount: Int, at offset: Int) throws(SystemFailure) {
    try files.beginWritingIfPossible(descriptor, byteCount: byteCount, at: offset)
  }

  func synchronize() throws(SystemFailure) {
    try files.synchronizeWhole(descriptor)
  }

  func truncate(to byteCount: Int) throws(SystemFailure) {
    try files.truncate(descriptor, to: byteCount)
  }
}
