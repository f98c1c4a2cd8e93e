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

  func damage(_ what: String) -> StoreError {
    StoreError(.damaged, "\(path): \(what); \(LMDBFailure.adviceOnDamage)")
  }

  /// The `count` bytes from `offset` on.
  func bytes(_ count: Int, at offset: Int) throws -> [UInt8] {
    guard count <= byteCount - offset else {
      throw damage("it is cut off: nothing is left at byte \(min(byteCount, offset + count))")
    }
    return try [UInt8](unsafeUninitializedCapacity: count) { buffer, filledCount in
      while filledCount < count {
        guard let start = buffer.baseAddress else { return }
        let result = pread(file, start + filledCount, count - filledCount, off_t(offset + filledCount))
        if result < 0 && errno == EINTR { continue }
        guard result >= 0 else { throw SystemFailure.last(path, "reading it at byte \(offset + filledCount)") }
        guard result > 0 else { throw damage("it is cut off: nothing is left at byte \(offset + filledCount)") }
        filledCount += result
      }
    }
  }

  /// The two meta pages, the one that counts first.
  ///
  /// LMDB writes them in turn: of a database in order they have numbers of transactions that follow each other, an even one on
  /// the first and an odd one on the second. So a number that is damaged does not bring an older state back unseen.
  func metas() throws -> (newest: LMDBMeta, older: LMDBMeta) {
    guard byteCount > 0 else { throw damage("it is empty, which it never is by itself: it was cut off") }
    let first = try LMDBMeta(0, at: 0, in: self)
    let second = try LMDBMeta(1, at: first.pageByteCount, in: self)
    let isFirstNewest = first.transaction >= second.transaction
    let (newest, older) = isFirstNewest ? (first, second) : (second, first)
    let isNew = newest.transaction == 0
    guard first.pageByteCount == second.pageByteCount, isNew || newest.transaction - older.transaction == 1,
      isNew || newest.transaction & 1 == UInt64(newest.number)
    else { throw damage("its two meta pages contradict each other") }
    return (newest, older)
  }
}

extension UnsafeRawBufferPointer {
  /// The number at `offset`, in the order of bytes that LMDB uses on the machines Tombolo runs on.
  func number<Number: FixedWidthInteger & BitwiseCopyable>(_ offset: Int, _: Number.Type) -> Number {
    Number(littleEndian: loadUnaligned(fromByteOffset: offset, as: Number.self))
  }
}
