import TomboloPorts

/// Reads all pages that are in use and checks that LMDB can follow them: every number within its bounds, every tree of even
/// depth, no page in it twice.
struct LMDBPageWalk {
  private enum Flag {
    static let branch: UInt16 = 0x01
    static let leaf: UInt16 = 0x02
    static let overflow: UInt16 = 0x04
    /// Of a node: its data are on overflow pages.
    static let isBig: UInt16 = 0x01
  }
  private static let headerByteCount = 16
  /// LMDB's own limit on the depth of a tree.
  private static let depthMaximum = 32

  private let pages: LMDBPageFile
  private let meta: LMDBPageFile.Meta
  /// Pages that were met, a bit each.
  private var met: [UInt64]

  init(pages: LMDBPageFile, meta: LMDBPageFile.Meta) {
    self.pages = pages
    self.meta = meta
    // Never more than the file has, whatever the meta page says.
    let count = min(meta.lastPage, pages.byteCount / meta.pageByteCount) + 1
    met = [UInt64](repeating: 0, count: count / 64 + 1)
  }

  mutating func run() throws {
    for case .some(let root) in meta.roots {
      guard (1...Self.depthMaximum).contains(root.depth) else { throw pages.damage("a tree has depth \(root.depth)") }
      try visit(root.page, depth: root.depth)
    }
  }

  private mutating func visit(_ number: Int, depth: Int) throws {
    try meet(number)
    var page = [UInt8](repeating: 0, count: meta.pageByteCount)
    try pages.read(&page, at: number * meta.pageByteCount)
    let isLeaf = depth == 1
    let nodes = try judge(page, number, isLeaf: isLeaf)
    for offset in nodes {
      if isLeaf {
        try judgeLeaf(page, offset, of: number)
      } else {
        let child = Int(word(page, offset)) | Int(word(page, offset + 2)) << 16 | Int(word(page, offset + 4)) << 32
        try visit(child, depth: depth - 1)
      }
    }
  }

  /// The offsets of a page's nodes, all within it.
  private func judge(_ page: [UInt8], _ number: Int, isLeaf: Bool) throws -> [Int] {
    let lower = Int(word(page, 12))
    let upper = Int(word(page, 14))
    let kind = word(page, 10) & 0x6F
    guard long(page, 0) == UInt64(number), kind == (isLeaf ? Flag.leaf : Flag.branch),
      lower >= Self.headerByteCount, lower % 2 == 0, lower <= upper, upper <= page.count
    else { throw pages.damage("page \(number) is not the \(isLeaf ? "leaf" : "branch") it should be") }
    let count = (lower - Self.headerByteCount) / 2
    guard isLeaf ? count >= 1 : count >= 2 else { throw pages.damage("page \(number) has too few entries (\(count))") }
    return try (0..<count).map { index in
      let offset = Int(word(page, Self.headerByteCount + 2 * index))
      guard offset >= upper, offset + 8 <= page.count, offset + 8 + Int(word(page, offset + 6)) <= page.count else {
        throw pages.damage("page \(number) has an entry outside of it")
      }
      return offset
    }
  }

  private mutating func judgeLeaf(_ page: [UInt8], _ offset: Int, of number: Int) throws {
    let byteCount = Int(word(page, offset)) | Int(word(page, offset + 2)) << 16
    let flags = word(page, offset + 4)
    let start = offset + 8 + Int(word(page, offset + 6))
    guard flags & ~Flag.isBig == 0 else { throw pages.damage("page \(number) has an entry of an unknown kind") }
    guard flags & Flag.isBig != 0 else {
      guard start + byteCount <= page.count else { throw pages.damage("page \(number) has an entry outside of it") }
      return
    }
    guard start + 8 <= page.count, let first = Int(exactly: long(page, start)) else {
      throw pages.damage("page \(number) has an entry outside of it")
    }
    var header = [UInt8](repeating: 0, count: Self.headerByteCount)
    try meet(first)
    try pages.read(&header, at: first * meta.pageByteCount)
    let count = Int(word(header, 12)) | Int(word(header, 14)) << 16
    let wanted = (Self.headerByteCount + byteCount + meta.pageByteCount - 1) / meta.pageByteCount
    guard long(header, 0) == UInt64(first), word(header, 10) & 0x6F == Flag.overflow, count >= wanted else {
      throw pages.damage("page \(first) does not begin the value it should")
    }
    for further in first + 1..<first + count { try meet(further) }
  }

  /// Notes that a page is in use.
  private mutating func meet(_ number: Int) throws {
    guard number >= 2, number <= meta.lastPage else { throw pages.damage("page \(number) is in use, but is no page") }
    guard number < pages.byteCount / meta.pageByteCount else {
      throw pages.damage("it is cut off: page \(number) is in use and not there")
    }
    let bit: UInt64 = 1 << UInt64(number % 64)
    guard met[number / 64] & bit == 0 else { throw pages.damage("page \(number) is in use twice") }
    met[number / 64] |= bit
  }

  private func word(_ bytes: [UInt8], _ offset: Int) -> UInt16 {
    UInt16(bytes[offset]) | UInt16(bytes[offset + 1]) << 8
  }

  private func long(_ bytes: [UInt8], _ offset: Int) -> UInt64 {
    (0..<8).reduce(0) { $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1) }
  }
}
