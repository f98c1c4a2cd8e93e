import CLMDB
import TomboloPorts

/// What is put behind all other records.
///
/// LMDB splits a full page in two halves, wherever the new entry belongs, unless it is told that the entry is to be the last of all
/// (`MDB_APPEND`): then it leaves full pages behind. Keys that ascend in front of one that stays behind them, as a queue's do in front of its counts,
/// would leave half of every page empty, and write twice as many.
extension LMDBTable {
  /// With fewer mutations there is nothing to gain.
  private static let countMinimum = 4

  /// Takes the table's last record away when `batch` ends by putting it again, and every other record lies before its first put.
  ///
  /// - Returns: Whether its puts are to be tried at the end.
  func clearEnd(for batch: Batch) throws -> Bool {
    guard batch.mutations.count >= Self.countMinimum, case .put(let last, _) = batch.mutations.last,
      case .put(let first, _) = batch.mutations.first(where: { if case .put = $0 { true } else { false } }),
      !LMDBEntry.isLong(first), !LMDBEntry.isLong(last), first < last
    else { return false }
    guard try isLast(last, andAllBeforeIt: first) else { return false }
    try delete(last)
    return true
  }

  private func isLast(_ last: Key, andAllBeforeIt first: Key) throws -> Bool {
    let cursor = try LMDBCursor(self)
    defer { cursor.close() }
    guard let position = try cursor.last(), order(last, position.key) == 0 else { return false }
    guard let before = try cursor.previous() else { return true }
    return order(first, before.key) > 0
  }

  /// How a short key stands to a stored one: less than zero before it.
  private func order(_ key: Key, _ stored: UnsafeRawBufferPointer) -> Int {
    LMDBEntry.withStored(key.bytes) { byteOrder($0.bytes, stored) }
  }
}
