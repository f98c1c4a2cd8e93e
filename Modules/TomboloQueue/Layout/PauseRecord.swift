import TomboloPorts
import TomboloStorage

/// Since when and why something is paused.
struct PauseRecord: Hashable, Sendable {
  var since: Timestamp
  var reason: String

  func encoded() -> [UInt8] {
    var record = RecordEncoder(version: 1)
    record.append(since)
    record.append(reason)
    return record.sealed()
  }

  init(since: Timestamp, reason: String) {
    self.since = since
    self.reason = reason
  }

  init(_ value: [UInt8]) throws(RecordError) {
    var record = try RecordDecoder(value, newestVersion: 1)
    since = try record.timestamp()
    reason = try record.string()
  }
}
