import TomboloPorts

/// A page of a tree, its structure checked: every entry within the page, none over another, no gap between them.
struct LMDBPage {
  /// What a page, or an entry of a leaf, is. A page on the disk has one of them and nothing else: LMDB would write straight into
  /// its map, which is read-only, on a page that says that it is new.
  enum Flag {
    static let branch: UInt16 = 0x01
    static let leaf: UInt16 = 0x02
    static let overflow: UInt16 = 0x04
    static let meta: UInt16 = 0x08
    /// Of an entry: its value is on overflow pages.
    static let isBig: UInt16 = 0x01
  }
  /// What is before the offsets of the entries.
  static let headerByteCount = 16
  private static let entryHeaderByteCount = 8
  /// LMDB's own limit.
  private static let keyByteCountMaximum = 511

  let bytes: UnsafeRawBufferPointer
  let number: Int
  let isLeaf: Bool
  let entryCount: Int

  /// - Parameter damage: Makes the error for what is wrong.
  init(_ bytes: UnsafeRawBufferPointer, number: Int, isLeaf: Bool, damage: (String) -> StoreError) throws {
    self.bytes = bytes
    self.number = number
    self.isLeaf = isLeaf
    let lower = Int(bytes.number(12, UInt16.self))
    let upper = Int(bytes.number(14, UInt16.self))
    guard bytes.number(0, UInt64.self) == UInt64(number),
      bytes.number(10, UInt16.self) == (isLeaf ? Flag.leaf : Flag.branch), lower >= Self.headerByteCount,
      lower % 2 == 0, lower <= upper, upper <= bytes.count
    else { throw damage("page \(number) is not the \(isLeaf ? "leaf" : "branch") it should be") }
    entryCount = (lower - Self.headerByteCount) / 2
    guard entryCount >= (isLeaf ? 1 : 2) else { throw damage("page \(number) has too few entries (\(entryCount))") }
    try judgePacking(from: upper, damage)
  }

  /// Entries lie side by side up to the end of the page: each begins where the free room or another one ends, and no two begin
  /// at the same place.
  private func judgePacking(from upper: Int, _ damage: (String) -> StoreError) throws {
    // Two bits for every second byte of a page: whether an entry begins there, and whether one ends.
    let wordCount = bytes.count / 128 + 1
    try withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 2 * wordCount) { bits in
      bits.initialize(repeating: 0)
      func note(_ offset: Int, from start: Int) -> Bool {
        let bit: UInt64 = 1 << UInt64(offset / 2 % 64)
        let word = start + offset / 128
        defer { bits[word] |= bit }
        return bits[word] & bit == 0
      }
      _ = note(upper, from: wordCount)
      for index in 0..<entryCount {
        let offset = offset(of: index)
        guard offset % 2 == 0, offset >= upper, offset + Self.entryHeaderByteCount <= bytes.count,
          case let end = offset + (byteCount(ofEntryAt: offset) + 1) / 2 * 2, end <= bytes.count,
          keyByteCount(at: offset) <= Self.keyByteCountMaximum, note(offset, from: 0), note(end, from: wordCount)
        else { throw damage("page \(number) has an entry outside of it, or over another") }
      }
      _ = note(bytes.count, from: 0)
      guard (0..<wordCount).allSatisfy({ bits[$0] == bits[wordCount + $0] }) else {
        throw damage("page \(number) has entries over each other")
      }
    }
  }

  private func byteCount(ofEntryAt offset: Int) -> Int {
    let fixed = Self.entryHeaderByteCount + keyByteCount(at: offset)
    guard isLeaf else { return fixed }
    return fixed + (flags(at: offset) & Flag.isBig == 0 ? valueByteCount(at: offset) : 8)
  }

  private func offset(of index: Int) -> Int { Int(bytes.number(Self.headerByteCount + 2 * index, UInt16.self)) }
  private func keyByteCount(at offset: Int) -> Int { Int(bytes.number(offset + 6, UInt16.self)) }
  private func flags(at offset: Int) -> UInt16 { bytes.number(offset + 4, UInt16.self) }
  private func valueByteCount(at offset: Int) -> Int {
    Int(bytes.number(offset, UInt16.self)) | Int(bytes.number(offset + 2, UInt16.self)) << 16
  }

  func key(_ index: Int) -> UnsafeRawBufferPointer {
    let start = offset(of: index) + Self.entryHeaderByteCount
    return UnsafeRawBufferPointer(rebasing: bytes[start..<start + keyByteCount(at: start - Self.entryHeaderByteCount)])
  }

  /// Of a branch: the page below.
  func child(_ index: Int) -> Int {
    let offset = offset(of: index)
    return valueByteCount(at: offset) | Int(flags(at: offset)) << 32
  }

  /// Of a leaf: whether the value is of an unknown kind.
  func isOfUnknownKind(_ index: Int) -> Bool { flags(at: offset(of: index)) & ~Flag.isBig != 0 }

  /// Of a leaf: the value, or where its overflow pages begin and how many bytes it has.
  func value(_ index: Int) -> Value {
    let offset = offset(of: index)
    let start = offset + Self.entryHeaderByteCount + keyByteCount(at: offset)
    let count = valueByteCount(at: offset)
    guard flags(at: offset) & Flag.isBig != 0 else {
      return .here(UnsafeRawBufferPointer(rebasing: bytes[start..<start + count]))
    }
    return .onPages(from: bytes.number(start, UInt64.self), byteCount: count)
  }

  enum Value {
    case here(UnsafeRawBufferPointer)
    case onPages(from: UInt64, byteCount: Int)
  }
}
