import TomboloPorts
import TomboloStorage

/// Who may settle an operation that is being delivered, on a store that several processes share.
///
/// The token grows with every lease of the store. A settlement names the token it was claimed with; when the lease has ended
/// and the operation was taken by another, the token is another and the settlement is refused.
struct LeaseRecord: Hashable, Sendable {
  var token: UInt64
  /// By the wall clock, which the processes of one machine share.
  var until: Timestamp

  func encoded() -> [UInt8] {
    var record = RecordEncoder(version: 1, capacity: 20)
    record.append(token)
    record.append(until)
    return record.sealed()
  }

  init(token: UInt64, until: Timestamp) {
    self.token = token
    self.until = until
  }

  init(_ value: [UInt8]) throws(RecordError) {
    var record = try RecordDecoder(value, newestVersion: 1)
    token = try record.unsigned()
    until = try record.timestamp()
  }
}
