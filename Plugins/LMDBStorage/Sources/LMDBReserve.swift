import TomboloPorts

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Room kept for deletes on a disk that is full.
///
/// LMDB copies every page it changes, so even a delete needs pages first. A file of this size holds blocks of the disk that
/// are given up when a commit that deletes finds no room; the pages that become free then carry the next ones.
final class LMDBReserve {
  static let byteCount = 1_024 * 1_024
  private let path: String
  private var isHeld = false

  init(path: String) { self.path = path }

  /// Takes hold of the blocks, when the disk has them. Without them the store works until the disk is full.
  func hold() throws {
    guard !isHeld else { return }
    let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else {
      if errno == ENOSPC || errno == EDQUOT { return }
      throw LMDBFailure(result: errno, action: "keeping the reserve \(path)")
    }
    defer { close(file) }
    #if canImport(Darwin)
      isHeld = ftruncate(file, off_t(Self.byteCount)) == 0
    #else
      isHeld = posix_fallocate(file, 0, off_t(Self.byteCount)) == 0
    #endif
    // What it got of the blocks is better used by the database.
    if !isHeld { _ = ftruncate(file, 0) }
  }

  /// Gives the blocks to the database. Answers whether there were any.
  func release() -> Bool {
    guard isHeld else { return false }
    isHeld = false
    return truncate(path, 0) == 0
  }
}

extension Batch {
  /// Whether it makes room rather than taking it: it deletes, and puts no more than a page of keys and values.
  var isReleasing: Bool {
    var deletes = false
    var byteCount = 0
    for mutation in mutations {
      switch mutation {
      case .put(let key, let value): byteCount += key.bytes.count + value.count
      case .delete: deletes = true
      }
    }
    return deletes && byteCount <= 4_096
  }
}
