import CLMDB
import TomboloPorts

/// Finds a place for keys that are longer than LMDB takes.
///
/// Records whose keys share a stem, their first 502 bytes, lie side by side under the stem and a label: a number that is
/// larger for a later key. A record is found by halving the labels' range and comparing what each entry says of its key. A new
/// one gets a label between those of its neighbours, far from them at either end; when there is none left between, all labels
/// of the stem are given anew. So scans in both directions find long and short keys in their order, and every long key costs
/// a few searches more than a short one.
struct LMDBLongKeys {
  /// Where a key is, or where it would be.
  enum Place {
    case found(label: UInt64, entry: UnsafeRawBufferPointer)
    /// With the labels of its neighbours under the same stem.
    case absent(previous: UInt64?, next: UInt64?)
  }

  let table: LMDBTable
  let stem: ArraySlice<UInt8>
  let rest: ArraySlice<UInt8>

  init(_ key: Key, in table: LMDBTable) {
    self.table = table
    stem = key.bytes.prefix(LMDBEntry.stemByteCount)
    rest = key.bytes.dropFirst(LMDBEntry.stemByteCount)
  }

  func locate() throws -> Place {
    let cursor = try LMDBCursor(table)
    defer { cursor.close() }
    var low: UInt64 = 0
    var high: UInt64 = .max
    var previous: UInt64?
    var next: UInt64?
    while low <= high {
      let middle = low + (high - low) / 2
      var pivot = try LMDBEntry.withStored(stem, label: middle) { try labelled(cursor.first(from: $0), upTo: high) }
      let isBelow = pivot == nil
      if isBelow {
        pivot = try LMDBEntry.withStored(stem, label: middle) { try labelled(cursor.last(before: $0), upTo: high) }
        if let label = pivot?.label, label < low { pivot = nil }
      }
      guard let pivot else { break }
      switch try order(rest, before: pivot.entry) {
      case 0: return .found(label: pivot.label, entry: pivot.entry)
      case 1...:
        previous = pivot.label
        // Above a pivot from below the middle there is nothing any more.
        if isBelow || pivot.label == .max { return .absent(previous: previous, next: next) }
        low = pivot.label + 1
      default:
        next = pivot.label
        let bound = isBelow ? pivot.label : middle
        if bound == 0 { return .absent(previous: previous, next: next) }
        high = bound - 1
      }
    }
    return .absent(previous: previous, next: next)
  }

  /// The label for a new key between two neighbours, or `nil` when there is none.
  static func label(previous: UInt64?, next: UInt64?) -> UInt64? {
    let step: UInt64 = 1 << 32
    switch (previous, next) {
    case (nil, nil): return 1 << 63
    case (let previous?, nil):
      guard previous < .max else { return nil }
      return previous + max(1, min(step, (.max - previous) / 2))
    case (nil, let next?):
      guard next > 0 else { return nil }
      return next - max(1, min(step, next / 2))
    case (let previous?, let next?):
      guard next - previous > 1 else { return nil }
      return previous + (next - previous) / 2
    }
  }

  /// Gives all labels of the stem anew, evenly spread. Holds the stem's records in memory meanwhile.
  func spreadLabels() throws {
    var entries: [(label: UInt64, bytes: [UInt8])] = []
    let cursor = try LMDBCursor(table)
    defer { cursor.close() }
    var position = try LMDBEntry.withStored(stem, label: 0) { try cursor.first(from: $0) }
    while let found = labelled(position, upTo: .max) {
      entries.append((found.label, Array(found.entry)))
      position = try cursor.next()
    }
    for entry in entries {
      let result = LMDBEntry.withStored(stem, label: entry.label) { mdb_del(table.transaction, table.table, &$0, nil) }
      try LMDBFailure.require(result, "making room between long keys")
    }
    let step = UInt64.max / UInt64(entries.count + 1)
    for (index, entry) in entries.enumerated() {
      let result = LMDBEntry.withStored(stem, label: step * UInt64(index + 1)) { key in
        entry.bytes.withUnsafeBytes { bytes in
          // Only read from, although LMDB's type has no way to say so.
          var value = MDB_val(mv_size: bytes.count, mv_data: UnsafeMutableRawPointer(mutating: bytes.baseAddress))
          return mdb_put(table.transaction, table.table, &key, &value, 0)
        }
      }
      try LMDBFailure.require(result, "making room between long keys")
    }
  }

  /// The label and the entry, when the position is under the stem and its label is not above `maximum`.
  private func labelled(_ position: LMDBCursor.Position?, upTo maximum: UInt64) -> (
    label: UInt64, entry: UnsafeRawBufferPointer
  )? {
    guard let position, let label = LMDBEntry.label(of: position.key), label <= maximum else { return nil }
    let storedStem = UnsafeRawBufferPointer(rebasing: position.key[1...LMDBEntry.stemByteCount])
    guard stem.withUnsafeBytes({ byteOrder($0, storedStem) }) == 0 else { return nil }
    return (label, position.entry)
  }

  private func order(_ rest: ArraySlice<UInt8>, before entry: UnsafeRawBufferPointer) throws -> Int {
    let stored = try LMDBEntry.rest(of: entry)
    return rest.withUnsafeBytes { byteOrder($0, stored) }
  }
}
