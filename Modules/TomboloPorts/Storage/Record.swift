/// What a store holds under one key, as of one moment.
public struct Record: Hashable, Sendable {
  public var key: Key
  /// Any bytes. A value of no bytes is a value: its record is there.
  public var value: [UInt8]
  /// Assigned by the store when the value was put.
  public var revision: Revision

  public init(key: Key, value: [UInt8], revision: Revision) {
    self.key = key
    self.value = value
    self.revision = revision
  }
}

/// Which put produced a record. Opaque: only equality has a meaning.
///
/// A store never gives one key the same revision twice, not even after a delete or a refused batch, in two batches of one
/// commit, or after it was opened again, be it after a crash, so that a check on a revision cannot mistake a new record for an
/// old one.
public struct Revision: Hashable, Sendable {
  public var rawValue: UInt64

  public init(rawValue: UInt64) {
    self.rawValue = rawValue
  }
}

extension Revision: CustomStringConvertible {
  public var description: String { String(rawValue) }
}
