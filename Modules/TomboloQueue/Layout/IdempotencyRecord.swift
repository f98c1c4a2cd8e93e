import TomboloPorts
import TomboloStorage

/// Which operation an idempotency key stands for, and how that ended.
struct IdempotencyRecord: Hashable, Sendable {
  var id: OperationID
  /// How the operation ended; `nil` while it is not gone.
  var end: OperationState?
  /// Why it ended so, in words, when it was not delivered: as much as is worth showing to a person.
  var detail: String?

  /// The most Unicode scalars kept of a detail: there may be very many of these records, and a server may answer with a page.
  static let detailCountMaximum = 300

  /// Version 2 has a detail; without one it is written as version 1.
  private static let newestVersion: UInt8 = 2
  private static let ends: [OperationState] = [.delivered, .discarded, .expired, .superseded]

  func encoded() -> [UInt8] {
    var record = RecordEncoder(version: detail == nil ? 1 : 2, capacity: 24 + (detail?.utf8.count ?? 0))
    record.append(id)
    record.append(UInt8(end.flatMap { Self.ends.firstIndex(of: $0) }.map { $0 + 1 } ?? 0))
    if let detail { record.append(detail) }
    return record.sealed()
  }

  init(id: OperationID, end: OperationState?, detail: String? = nil) {
    self.id = id
    self.end = end
    self.detail = detail.map { String(String.UnicodeScalarView($0.unicodeScalars.prefix(Self.detailCountMaximum))) }
  }

  init(_ value: [UInt8]) throws(RecordError) {
    var record = try RecordDecoder(value, newestVersion: Self.newestVersion)
    id = try record.operationID()
    let index = Int(try record.byte())
    guard index <= Self.ends.count else { throw .damaged("an idempotency key ended in an unknown way") }
    end = index == 0 ? nil : Self.ends[index - 1]
    if record.version >= 2 { detail = try record.string() }
  }
}
