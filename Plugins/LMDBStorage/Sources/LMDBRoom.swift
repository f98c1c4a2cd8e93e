import CLMDB
import TomboloPorts

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Room behind the last page in use: zeroes that are written ahead, so that a flush seldom has to store a new length of the file and where
/// its new blocks are.
///
/// It is advice to the file system and no promise: what cannot be written ahead, for lack of room say, is written by the commit itself.
struct LMDBRoom {
  /// A quarter of what is in use, within these bounds.
  private static let byteCountRange = 128 * 1_024...1_024 * 1_024

  private let file: mdb_filehandle_t
  /// How long the file is, as far as is known: a commit may have made it longer.
  private var end: Int
  /// Nothing is written ahead before so much is in use: set when the system refused to.
  private var usedByteCountMinimum = 0

  init(of environment: OpaquePointer) throws {
    var file: mdb_filehandle_t = -1
    try LMDBFailure.require(mdb_env_get_fd(environment, &file), "looking for its file")
    self.file = file
    end = 0
    guard findEnd() else { throw LMDBFailure(result: errno, action: "looking at its length") }
  }

  private mutating func findEnd() -> Bool {
    var status = stat()
    guard fstat(file, &status) == 0 else { return false }
    end = Int(status.st_size)
    return true
  }

  /// Writes ahead when little is left. Only within a transaction that writes, before it has put anything: nobody else may be writing
  /// to those pages.
  ///
  /// - Parameters:
  ///   - used: what is in use, in bytes from the beginning.
  ///   - maximum: the most bytes that the file may have.
  mutating func extend(behind used: Int, upTo maximum: Int) {
    let range = Self.byteCountRange
    let byteCount = min(max(used / 4, range.lowerBound), range.upperBound)
    func isShort() -> Bool { end - used < byteCount / 2 }
    guard used >= usedByteCountMinimum, isShort(), findEnd(), isShort() else { return }
    let target = min(used + byteCount, maximum)
    let start = max(used, end)
    guard start < target else { return }
    let zeroes = [UInt8](repeating: 0, count: target - start)
    let written = zeroes.withUnsafeBytes { pwrite(file, $0.baseAddress, $0.count, off_t(start)) }
    end = start + max(0, written)
    // Full, or as good as: the commits themselves will find out.
    if end < target { usedByteCountMinimum = used + byteCount }
  }

  /// Cuts off what is not in use. Only while nobody else has the file open; where it fails, the file stays longer than it need be.
  func giveBack(behind used: Int) {
    guard end > used else { return }
    _ = ftruncate(file, off_t(used))
  }
}
