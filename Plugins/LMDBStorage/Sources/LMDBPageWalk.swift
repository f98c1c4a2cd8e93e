import TomboloPorts

/// Reads all pages that a meta page leads to and checks all that LMDB trusts: every number within its bounds, every tree of even
/// depth, its keys in order, as many pages and entries as the meta page counts, no page used twice or free and in use, and the
/// checksum of every record.
struct LMDBPageWalk {
  private enum Kind {
    case free
    case records
  }

  private let pages: LMDBPageFile
  private let meta: LMDBMeta
  /// Pages that are in use or free, a bit each.
  private var met: [UInt64]
  /// What was counted of the tree that is being walked.
  private var found = LMDBMeta.Tree(depth: 0)
  /// The last key, or what the next must not come before: the key that leads to its page.
  private var last: [UInt8] = []
  /// Whether the next key may be `last` itself.
  private var mayRepeat = true
  /// The last transaction that freed pages.
  private var newestFree: UInt64 = 0
  private var hasHeader = false

  init(pages: LMDBPageFile, meta: LMDBMeta) {
    self.pages = pages
    self.meta = meta
    met = [UInt64](repeating: 0, count: meta.lastPage / 64 + 1)
  }

  /// Checks everything.
  mutating func run() throws {
    guard meta.records.root != nil else { throw LMDBHeader.foreign(pages.path) }
    try walk(meta.records, .records)
    try runFree()
  }

  /// Checks what is free alone, and that the transaction of the meta page is the one that freed last: every commit frees pages,
  /// once the database has any.
  mutating func runFree() throws {
    try walk(meta.free, .free)
    guard meta.free.root == nil || newestFree == meta.transaction else {
      throw pages.damage(
        "its meta page \(meta.number) is of transaction \(meta.transaction), and its pages of \(newestFree)")
    }
  }

  private mutating func walk(_ tree: LMDBMeta.Tree, _ kind: Kind) throws {
    guard let root = tree.root else { return }
    found = LMDBMeta.Tree(root: root, depth: tree.depth)
    last = []
    mayRepeat = true
    try visit(root, depth: tree.depth, kind)
    guard found == tree else {
      throw pages.damage("its meta page \(meta.number) counts other pages and entries than are there")
    }
  }

  private mutating func visit(_ number: Int, depth: Int, _ kind: Kind) throws {
    try meet(number)
    let bytes = try pages.bytes(meta.pageByteCount, at: number * meta.pageByteCount)
    try bytes.withUnsafeBytes { bytes in
      let page = try LMDBPage(bytes, number: number, isLeaf: depth == 1) { pages.damage($0) }
      if page.isLeaf {
        found.leafPageCount += 1
        found.entryCount += UInt64(page.entryCount)
        for index in 0..<page.entryCount { try judge(page, index, kind) }
      } else {
        found.branchPageCount += 1
        for index in 0..<page.entryCount {
          // The first key of a branch says nothing: what is below begins where the page itself does.
          if index > 0 { try pass(page.key(index), of: number, isBranch: true, kind) }
          try visit(page.child(index), depth: depth - 1, kind)
        }
      }
    }
  }

  /// Keys only ever become larger, and those of a branch are above all to their left and not above those to their right.
  private mutating func pass(
    _ key: UnsafeRawBufferPointer, of number: Int, isBranch: Bool, _ kind: Kind
  ) throws {
    let order = last.withUnsafeBytes { last in
      switch kind {
      case .records: byteOrder(last, key)
      // Numbers of transactions, all of eight bytes but for none at the beginning.
      case .free where key.count != 8: 1
      case .free where last.count != 8: -1
      case .free: last.number(0, UInt64.self) < key.number(0, UInt64.self) ? -1 : last.elementsEqual(key) ? 0 : 1
      }
    }
    guard order < 0 || order == 0 && mayRepeat && !isBranch else {
      throw pages.damage("page \(number) has keys out of order")
    }
    last.replaceSubrange(0..., with: key)
    mayRepeat = isBranch
  }

  private mutating func judge(_ page: LMDBPage, _ index: Int, _ kind: Kind) throws {
    let key = page.key(index)
    guard !page.isOfUnknownKind(index) else {
      throw pages.damage("page \(page.number) has an entry of an unknown kind")
    }
    let isFirst = kind == .records && !hasHeader
    try pass(key, of: page.number, isBranch: false, kind)
    switch page.value(index) {
    case .here(let value): try judge(key, value, on: page.number, isHeader: isFirst, kind)
    case .onPages(let first, let byteCount):
      let value = try overflow(first, byteCount: byteCount)
      try value.withUnsafeBytes { try judge(key, $0, on: Int(first), isHeader: isFirst, kind) }
    }
  }

  private mutating func judge(
    _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, on page: Int, isHeader: Bool, _ kind: Kind
  ) throws {
    switch kind {
    case .free: try judgeFree(key.number(0, UInt64.self), value, on: page)
    case .records where isHeader:
      guard key.elementsEqual(LMDBHeader.key) else { throw LMDBHeader.foreign(pages.path) }
      _ = try LMDBHeader(value, path: pages.path)
      hasHeader = true
    case .records:
      guard LMDBEntry.isIntact(storedKey: key, value) else {
        throw pages.damage("page \(page) holds a record whose checksum is wrong")
      }
    }
  }

  /// A list of free pages: their count, then their numbers, from the highest to the lowest.
  private mutating func judgeFree(_ transaction: UInt64, _ value: UnsafeRawBufferPointer, on page: Int) throws {
    guard transaction >= 1, transaction <= meta.transaction, value.count >= 8, value.count % 8 == 0,
      value.number(0, UInt64.self) <= UInt64(value.count / 8 - 1)
    else { throw pages.damage("page \(page) has a list of free pages that cannot be") }
    newestFree = transaction
    var previous = UInt64.max
    for index in 0..<Int(value.number(0, UInt64.self)) {
      let number = value.number(8 + 8 * index, UInt64.self)
      guard number < previous, number >= 2, number <= UInt64(meta.lastPage), note(Int(number)) else {
        throw pages.damage("page \(page) lists page \(number) as free, which cannot be or is in use")
      }
      previous = number
    }
  }

  /// The value that begins on page `first`.
  private mutating func overflow(_ first: UInt64, byteCount: Int) throws -> [UInt8] {
    let number = Int(clamping: first)
    try meet(number)
    let start = number * meta.pageByteCount
    let header = try pages.bytes(LMDBPage.headerByteCount, at: start)
    let (own, flags, count) = header.withUnsafeBytes { header in
      (header.number(0, UInt64.self), header.number(10, UInt16.self), Int(header.number(12, UInt32.self)))
    }
    let wanted = (LMDBPage.headerByteCount + byteCount + meta.pageByteCount - 1) / meta.pageByteCount
    guard own == first, flags == LMDBPage.Flag.overflow, count >= wanted else {
      throw pages.damage("page \(number) does not begin the value it should")
    }
    for further in 1..<max(count, 1) { try meet(number + further) }
    found.overflowPageCount += UInt64(count)
    return try pages.bytes(byteCount, at: start + LMDBPage.headerByteCount)
  }

  /// Notes that a page is in use.
  private mutating func meet(_ number: Int) throws {
    guard number >= 2, number <= meta.lastPage else { throw pages.damage("page \(number) is in use, but is no page") }
    guard number < pages.byteCount / meta.pageByteCount else {
      throw pages.damage("it is cut off: page \(number) is in use and not there")
    }
    guard note(number) else { throw pages.damage("page \(number) is in use twice") }
  }

  /// Notes that a page was met, and answers whether it was the first time.
  private mutating func note(_ number: Int) -> Bool {
    let bit: UInt64 = 1 << UInt64(number % 64)
    defer { met[number / 64] |= bit }
    return met[number / 64] & bit == 0
  }
}
