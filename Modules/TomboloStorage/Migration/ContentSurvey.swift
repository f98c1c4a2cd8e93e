package import TomboloPorts

/// Counts and digest of the records of a store, added in key order.
package struct ContentSurvey: Sendable {
  package private(set) var recordCount = 0
  /// Of keys and values.
  package private(set) var byteCount = 0
  private var sum = ContentDigest()

  package init() {}

  /// SHA-256 over keys and values, in hexadecimal. Revisions are not part of it: every store assigns its own.
  package var digest: String { sum.hexadecimal }

  package mutating func add(_ record: Record) {
    recordCount += 1
    byteCount += record.key.bytes.count + record.value.count
    sum.update(key: record.key.bytes, value: record.value)
  }
}
