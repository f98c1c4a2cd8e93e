import CLMDB

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// How far what LMDB gives from its map may reach: to the end of its page, or of the pages of its value.
///
/// A length that was damaged while the store is open would otherwise make a reader run off the page, and off the map. Good for
/// transactions that read: what one that writes has changed lies elsewhere.
struct LMDBBounds {
  private let pageByteCount: Int
  private let lastPage: Int

  /// `nil` when pages are larger than the system's, so that a page does not begin at a multiple of its size.
  init?(_ environment: LMDBEnvironment) {
    pageByteCount = environment.pageByteCount
    lastPage = environment.information.me_last_pgno
    guard pageByteCount > 0, pageByteCount <= getpagesize() else { return nil }
  }

  /// Throws unless all of `bytes` are where the page says they are.
  func require(_ bytes: UnsafeRawBufferPointer) throws {
    guard let start = bytes.baseAddress else { return }
    let offset = Int(bitPattern: start) & (pageByteCount - 1)
    // Only a value on pages of its own begins right behind the header of a page: elsewhere there are the offsets of the entries.
    guard offset == LMDBPage.headerByteCount else {
      return try require(bytes.count <= pageByteCount - offset, on: start - offset)
    }
    let page = UnsafeRawBufferPointer(start: start - offset, count: LMDBPage.headerByteCount)
    let count = Int(page.number(12, UInt32.self))
    let isValue = page.number(10, UInt16.self) & LMDBPage.Flag.overflow != 0
    try require(isValue && bytes.count <= count * pageByteCount - offset, on: start - offset)
    try require(page.number(0, UInt64.self) <= UInt64(lastPage) - UInt64(min(count, lastPage)) + 1, on: start - offset)
  }

  private func require(_ isWithin: Bool, on page: UnsafeRawPointer) throws {
    guard !isWithin else { return }
    let number = page.loadUnaligned(as: UInt64.self)
    throw LMDBFailure(result: MDB_CORRUPTED, action: "reading page \(number), an entry of which reaches beyond it")
  }
}
