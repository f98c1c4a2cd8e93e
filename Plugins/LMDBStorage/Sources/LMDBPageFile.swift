import TomboloPorts
import TomboloStorage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A database file, read a page at a time without a map: reading beyond its end is an error here, not the end of the process.
struct LMDBPageFile {
  let file: Int32
  let path: String
  let byteCount: Int

  /// What a meta page says, as far as it is needed to find all others.
  struct Meta {
    var pageByteCount: Int
    /// The roots of the tree of free pages and of the table, with their depths; `nil` for an empty one.
    var roots: [(page: Int, depth: Int)?]
    var lastPage: Int
    var transaction: UInt64
  }

  func damage(_ what: String) -> StoreError {
    StoreError(.damaged, "\(path): \(what); \(LMDBFailure.adviceOnDamage)")
  }

  /// Fills `buffer` from `offset` on.
  func read(_ buffer: inout [UInt8], at offset: Int) throws {
    let wanted = buffer.count
    let count = pread(file, &buffer, wanted, off_t(offset))
    guard count >= 0 else { throw SystemFailure.last(path, "reading it") }
    guard count == wanted else { throw damage("it is cut off: nothing is left at byte \(offset + count)") }
  }

  /// The meta page that counts: of the two, the one written last.
  func newestMeta() throws -> Meta {
    guard byteCount > 0 else { throw damage("it is empty, which it never is by itself: it was cut off") }
    let first = try meta(at: 0)
    let second = try meta(at: first.pageByteCount)
    guard first.pageByteCount == second.pageByteCount else { throw damage("its two meta pages contradict each other") }
    return first.transaction >= second.transaction ? first : second
  }

  private func meta(at offset: Int) throws -> Meta {
    var bytes = [UInt8](repeating: 0, count: 152)
    try read(&bytes, at: offset)
    return try bytes.withUnsafeBytes { bytes in
      func number<Number: FixedWidthInteger>(_ offset: Int, _: Number.Type) -> Number {
        Number(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Number.self))
      }
      guard number(16, UInt32.self) == 0xBEEF_C0DE, number(10, UInt16.self) & 0x08 != 0 else {
        throw damage("it is no LMDB database, or its meta page at byte \(offset) is damaged")
      }
      guard number(20, UInt32.self) == 1 else {
        throw damage("it has version \(number(20, UInt32.self)) of LMDB's format, and this program knows version 1")
      }
      let pageByteCount = Int(number(40, UInt32.self))
      guard (512...65_536).contains(pageByteCount), pageByteCount.nonzeroBitCount == 1 else {
        throw damage("its meta page gives pages of \(pageByteCount) bytes")
      }
      let lastPage = number(136, UInt64.self)
      guard lastPage >= 1, lastPage < 1 << 44 else { throw damage("its meta page gives \(lastPage) as the last page") }
      func root(_ offset: Int) throws -> (page: Int, depth: Int)? {
        let page = number(offset + 40, UInt64.self)
        if page == .max { return nil }
        guard (2...lastPage).contains(page) else { throw damage("page \(page) is the root of a tree, but no page") }
        return (Int(page), Int(number(offset + 6, UInt16.self)))
      }
      return Meta(
        pageByteCount: pageByteCount, roots: [try root(40), try root(88)], lastPage: Int(lastPage),
        transaction: number(144, UInt64.self))
    }
  }
}
