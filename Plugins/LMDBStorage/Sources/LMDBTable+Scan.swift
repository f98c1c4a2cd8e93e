import CLMDB
import TomboloPorts

extension LMDBTable {
  /// Up to `limit` records of `range`, from its lower end or, reversed, from its upper one.
  func scan(_ range: KeyRange, reverse: Bool, limit: Int) throws -> [Record] {
    let cursor = try LMDBCursor(self)
    defer { cursor.close() }
    var records: [Record] = []
    var position = try reverse ? last(before: range.upper, with: cursor) : first(from: range.lower, with: cursor)
    while let (storedKey, entry) = position {
      // Before the records there is the header, after them nothing.
      guard storedKey.first == LMDBEntry.recordMark else { break }
      let isLong = LMDBEntry.label(of: storedKey) != nil
      let key = try key(storedKey, entry, isLong: isLong)
      guard reverse ? !precedes(key, range.lower) : range.upper.map({ precedes(key, $0) }) ?? true else { break }
      records.append(try LMDBEntry.record(key, isLong: isLong, entry))
      guard records.count < limit else { break }
      position = try reverse ? cursor.previous() : cursor.next()
    }
    return records
  }

  private func key(
    _ storedKey: UnsafeRawBufferPointer, _ entry: UnsafeRawBufferPointer, isLong: Bool
  ) throws -> Key {
    guard isLong else { return Key(Array(storedKey.dropFirst())) }
    return Key(Array(storedKey[1...LMDBEntry.stemByteCount]) + (try LMDBEntry.rest(of: entry)))
  }

  private func precedes(_ left: Key, _ right: Key) -> Bool {
    left.bytes.withUnsafeBytes { left in right.bytes.withUnsafeBytes { right in byteOrder(left, right) < 0 } }
  }

  private func first(from key: Key, with cursor: LMDBCursor) throws -> LMDBCursor.Position? {
    guard LMDBEntry.isLong(key) else {
      return try LMDBEntry.withStored(key.bytes) { try cursor.first(from: $0) }
    }
    let place = LMDBLongKeys(key, in: self)
    func seek(_ label: UInt64) throws -> LMDBCursor.Position? {
      try LMDBEntry.withStored(place.stem, label: label) { try cursor.first(from: $0) }
    }
    switch try place.locate() {
    case .found(let label, _), .absent(_, .some(let label)): return try seek(label)
    case .absent(.some(let previous), nil): return try seek(previous) == nil ? nil : cursor.next()
    case .absent(nil, nil): return try seek(0)
    }
  }

  private func last(before key: Key?, with cursor: LMDBCursor) throws -> LMDBCursor.Position? {
    guard let key else { return try cursor.last() }
    guard LMDBEntry.isLong(key) else {
      return try LMDBEntry.withStored(key.bytes) { try cursor.last(before: $0) }
    }
    let place = LMDBLongKeys(key, in: self)
    func seek(_ label: UInt64) throws -> LMDBCursor.Position? {
      try LMDBEntry.withStored(place.stem, label: label) { try cursor.last(before: $0) }
    }
    switch try place.locate() {
    case .found(let label, _), .absent(_, .some(let label)): return try seek(label)
    case .absent(.some(let previous), nil):
      return try LMDBEntry.withStored(place.stem, label: previous) { try cursor.first(from: $0) }
    case .absent(nil, nil): return try seek(0)
    }
  }
}
