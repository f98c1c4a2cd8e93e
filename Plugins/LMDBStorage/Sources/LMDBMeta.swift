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
  private let freeFlags: UInt16
  private let recordsFlags: UInt16
  var lastPage: Int
  var transaction: UInt64

  /// Reads meta page 0 or 1, and refuses what is none.
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
    (free, freeFlags) = Self.tree(bytes, Self.freeOffset)
    (records, recordsFlags) = Self.tree(bytes, Self.recordsOffset)
  }

  /// Refuses trees that cannot be.
  func judge(in pages: LMDBPageFile) throws {
    guard freeFlags == Self.environmentFlags, recordsFlags == 0 else {
      throw pages.damage("its meta page \(number) is damaged or of another program: its tables are of an unknown kind")
    }
    for tree in [free, records] {
      guard let root = tree.root else {
        guard tree == Tree(depth: 0) else {
          throw pages.damage("its meta page \(number) gives a tree without pages that is not empty")
        }
        continue
      }
      guard root >= 2, root <= lastPage else {
        throw pages.damage("its meta page \(number) gives page \(root) as the root of a tree, which is no page")
      }
      guard (1...Self.depthMaximum).contains(tree.depth) else {
        throw pages.damage("its meta page \(number) gives a tree of depth \(tree.depth)")
      }
    }
  }

  private static func tree(_ bytes: [UInt8], _ offset: Int) -> (Tree, flags: UInt16) {
    bytes.withUnsafeBytes { bytes in
      let root = bytes.number(offset + rootByteOffset, UInt64.self)
      let tree = Tree(
        root: root == .max ? nil : Int(clamping: root), depth: Int(bytes.number(offset + 6, UInt16.self)),
        branchPageCount: bytes.number(offset + 8, UInt64.self), leafPageCount: bytes.number(offset + 16, UInt64.self),
        overflowPageCount: bytes.number(offset + 24, UInt64.self), entryCount: bytes.number(offset + 32, UInt64.self))
      return (tree, bytes.number(offset + 4, UInt16.self))
    }
  }
}
