import TomboloPorts

/// One of the two meta pages of a database: where its trees begin, and what they hold. LMDB writes them in turn, and the one with
/// the higher transaction counts.
struct LMDBMeta {
  /// A tree of pages, as its meta page describes it.
  struct Tree: Equatable {
    /// `nil` when it has no pages.
    var root: Int?
    var depth: Int
    var branchPageCount: UInt64 = 0
    var leafPageCount: UInt64 = 0
    var overflowPageCount: UInt64 = 0
    var entryCount: UInt64 = 0
  }

  /// Where the parts are, from the beginning of the page, and how many bytes of it count.
  static let byteCount = 152
  private static let freeOffset = 40
  private static let recordsOffset = 88
  private static let rootByteOffset = 40
  /// LMDB's own limit on the depth of a tree.
  private static let depthMaximum = 32
  /// `MDB_INTEGERKEY` and `MDB_NOSUBDIR`: what LMDB notes of how the file was made.
  private static let environmentFlags: UInt16 = 0x4008

  var number: Int
  var pageByteCount: Int
  /// Which pages are free, by the transaction that freed them.
  var free: Tree
  /// The one table.
  var records: Tree
  var lastPage: Int
  var transaction: UInt64

  /// Reads meta page 0 or 1, and refuses what LMDB would stumble over.
  init(_ number: Int, at offset: Int, in pages: LMDBPageFile) throws {
    let bytes = try pages.bytes(Self.byteCount, at: offset)
    let view = bytes.withUnsafeBytes { bytes in
      (
        magic: bytes.number(16, UInt32.self), page: bytes.number(0, UInt64.self), kind: bytes.number(10, UInt16.self),
        version: bytes.number(20, UInt32.self), pageByteCount: Int(bytes.number(Self.freeOffset, UInt32.self)),
        last: bytes.number(136, UInt64.self), transaction: bytes.number(144, UInt64.self)
      )
    }
    guard view.magic == 0xBEEF_C0DE, view.kind == LMDBPage.Flag.meta, view.page == UInt64(number) else {
      throw pages.damage("it is no LMDB database, or its meta page \(number) (byte \(offset)) is damaged")
    }
    guard view.version == 1 else {
      throw pages.damage("it has version \(view.version) of LMDB's format, and this program knows version 1")
    }
    guard (512...65_536).contains(view.pageByteCount), view.pageByteCount.nonzeroBitCount == 1 else {
      throw pages.damage("its meta page \(number) gives pages of \(view.pageByteCount) bytes")
    }
    guard view.last >= 1, view.last < 1 << 44 else {
      throw pages.damage("its meta page \(number) gives \(view.last) as the last page")
    }
    self.number = number
    pageByteCount = view.pageByteCount
    lastPage = Int(view.last)
    transaction = view.transaction
    let flags = bytes.withUnsafeBytes {
      [$0.number(Self.freeOffset + 4, UInt16.self), $0.number(Self.recordsOffset + 4, UInt16.self)]
    }
    let pad = bytes.withUnsafeBytes { $0.number(Self.recordsOffset, UInt32.self) }
    guard flags == [Self.environmentFlags, 0], pad == 0 else {
      throw pages.damage("its meta page \(number) is damaged or of another program: its tables are of an unknown kind")
    }
    free = try Self.tree(bytes, Self.freeOffset, lastPage: lastPage, of: number, pages)
    records = try Self.tree(bytes, Self.recordsOffset, lastPage: lastPage, of: number, pages)
  }

  private static func tree(
    _ bytes: [UInt8], _ offset: Int, lastPage: Int, of number: Int, _ pages: LMDBPageFile
  ) throws -> Tree {
    let (root, depth, counts) = bytes.withUnsafeBytes { bytes in
      (
        bytes.number(offset + rootByteOffset, UInt64.self), Int(bytes.number(offset + 6, UInt16.self)),
        (0..<4).map { bytes.number(offset + 8 + 8 * $0, UInt64.self) }
      )
    }
    if root == .max {
      guard depth == 0, counts.allSatisfy({ $0 == 0 }) else {
        throw pages.damage("its meta page \(number) gives a tree without pages that is not empty")
      }
      return Tree(root: nil, depth: 0)
    }
    guard root >= 2, root <= UInt64(lastPage) else {
      throw pages.damage("its meta page \(number) gives page \(root) as the root of a tree, which is no page")
    }
    guard (1...depthMaximum).contains(depth) else {
      throw pages.damage("its meta page \(number) gives a tree of depth \(depth)")
    }
    return Tree(
      root: Int(root), depth: depth, branchPageCount: counts[0], leafPageCount: counts[1], overflowPageCount: counts[2],
      entryCount: counts[3])
  }
}
