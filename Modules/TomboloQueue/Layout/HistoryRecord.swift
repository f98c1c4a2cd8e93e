import TomboloPorts
import TomboloStorage

/// How an operation ended, kept for a while after it is gone.
struct HistoryRecord: Hashable, Sendable {
  var end: OperationState
  var endedAt: Timestamp
  var kind: String
  /// Attempts that counted, the one that delivered it included.
  var attemptCount: Int
  /// Why, in words: the reason it was discarded for, or the last failure met.
  var detail: String?
  var supersededBy: OperationID?
  /// When it is to be pruned: what the entry of `t` begins with.
  var pruneAt: Timestamp

  private static let ends: [OperationState] = [.delivered, .discarded, .expired, .superseded]

  func encoded() -> [UInt8] {
    var record = RecordEncoder(version: 1, capacity: kind.utf8.count + (detail?.utf8.count ?? 0) + 48)
    record.append(UInt8(Self.ends.firstIndex(of: end) ?? 0))
    record.append(UInt8((detail == nil ? 0 : 1) | (supersededBy == nil ? 0 : 2)))
    record.append(endedAt)
    record.append(pruneAt)
    record.append(kind)
    record.append(UInt64(attemptCount))
    if let detail { record.append(detail) }
    if let supersededBy { record.append(supersededBy) }
    return record.sealed()
  }

  init(
    end: OperationState, endedAt: Timestamp, kind: String, attemptCount: Int, detail: String?, pruneAt: Timestamp
  ) {
    self.end = end
    self.endedAt = endedAt
    self.kind = kind
    self.attemptCount = attemptCount
    self.detail = detail
    self.pruneAt = pruneAt
  }

  init(_ value: [UInt8]) throws(RecordError) {
    var record = try RecordDecoder(value, newestVersion: 1)
    let index = Int(try record.byte())
    guard Self.ends.indices.contains(index) else { throw .damaged("an operation ended in an unknown way") }
    end = Self.ends[index]
    let presence = try record.byte()
    endedAt = try record.timestamp()
    pruneAt = try record.timestamp()
    kind = try record.string()
    attemptCount = try record.count()
    detail = presence & 1 == 0 ? nil : try record.string()
    supersededBy = presence & 2 == 0 ? nil : try record.operationID()
  }
}
