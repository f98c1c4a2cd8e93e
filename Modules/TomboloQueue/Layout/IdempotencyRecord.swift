import TomboloPorts
import TomboloStorage

/// Which operation an idempotency key stands for, and how that ended.
struct IdempotencyRecord: Hashable, Sendable {
  var id: OperationID
  /// How the operation ended; `nil` while it is not gone.
  var end: OperationState?

  private static let ends: [OperationState] = [.delivered, .discarded, .expired, .superseded]

  func encoded() -> [UInt8] {
    var record = RecordEncoder(version: 1, capacity: 24)
    record.append(id)
    record.append(UInt8(end.flatMap { Self.ends.firstIndex(of: $0) }.map { $0 + 1 } ?? 0))
    return record.sealed()
  }

  init(id: OperationID, end: OperationState?) {
    self.id = id
    self.end = end
  }

  init(_ value: [UInt8]) throws(RecordError) {
    var record = try RecordDecoder(value, newestVersion: 1)
    id = try record.operationID()
    let index = Int(try record.byte())
    guard index <= Self.ends.count else { throw .damaged("an idempotency key ended in an unknown way") }
    end = index == 0 ? nil : Self.ends[index - 1]
  }
}
