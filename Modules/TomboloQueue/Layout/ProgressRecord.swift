import TomboloPorts
import TomboloStorage

/// What happened to an operation so far. An operation that was never attempted has none.
struct ProgressRecord: Hashable, Sendable {
  /// Attempts that count.
  var attemptCount = 0
  /// Waiting until then; in the past, or `nil`, when it is not waiting.
  var dueAt: Timestamp?
  var held: HeldDisposition?
  var lastFailure: DeliveryFailure?
  var lastFailureAt: Timestamp?
  /// How often a resolver has decided for it since it was last settled by hand.
  var conflictRoundCount = 0
  /// After a conflict resolved for the local version: what it is to replace.
  var replacing: RemoteVersion?
  /// Parked for a conflict: the version that a person has to decide about.
  var conflicting: RemoteVersion?
  /// What it counts towards `QueueConfiguration.bytesMaximum`.
  var keptByteCount: Int { conflicting?.payload?.count ?? 0 }

  /// How long the last retry waited, as it was stored; `nil` before the first. A wait that was snoozed since counts as one.
  var retryWait: Duration? {
    guard attemptCount > 0, let dueAt, let lastFailureAt else { return nil }
    return max(.zero, lastFailureAt.duration(to: dueAt))
  }

  /// Version 2 has `conflicting` and the stamps of versions; what has none of them is written as version 1, so that an older
  /// program can read it.
  private static let newestVersion: UInt8 = 2

  private struct Presence: OptionSet {
    let rawValue: UInt8
    static let dueAt = Presence(rawValue: 1)
    static let lastFailure = Presence(rawValue: 2)
    static let replacing = Presence(rawValue: 4)
    static let replacingTag = Presence(rawValue: 8)
    static let replacingModifiedAt = Presence(rawValue: 16)
    static let replacingPayload = Presence(rawValue: 32)
    static let replacingWritten = Presence(rawValue: 64)
    static let conflicting = Presence(rawValue: 128)
    static let sinceVersion2: Presence = [.replacingWritten, .conflicting]
  }

  func encoded() -> [UInt8] {
    var presence: Presence = []
    if dueAt != nil { presence.insert(.dueAt) }
    if lastFailure != nil { presence.insert(.lastFailure) }
    if let replacing {
      presence.insert(.replacing)
      if replacing.tag != nil { presence.insert(.replacingTag) }
      if replacing.modifiedAt != nil { presence.insert(.replacingModifiedAt) }
      if replacing.payload != nil { presence.insert(.replacingPayload) }
      if replacing.written != nil { presence.insert(.replacingWritten) }
    }
    if conflicting != nil { presence.insert(.conflicting) }
    var record = RecordEncoder(version: presence.isDisjoint(with: .sinceVersion2) ? 1 : 2)
    record.append(presence.rawValue)
    record.append(UInt64(attemptCount))
    record.append(held?.rawValue ?? 0)
    record.append(UInt64(conflictRoundCount))
    if let dueAt { record.append(dueAt) }
    if let lastFailure {
      record.append(lastFailure.code.description)
      record.append(lastFailure.message)
      record.append(lastFailureAt ?? Timestamp(millisecondsSinceEpoch: 0))
    }
    if let replacing {
      record.append(replacing.detail)
      if let tag = replacing.tag { record.append(tag) }
      if let modifiedAt = replacing.modifiedAt { record.append(modifiedAt) }
      if let payload = replacing.payload { record.append(payload) }
      if let written = replacing.written { record.append(written.description) }
    }
    if let conflicting { conflicting.append(to: &record) }
    return record.sealed()
  }

  init() {}

  init(_ value: [UInt8]) throws(RecordError) {
    var record = try RecordDecoder(value, newestVersion: Self.newestVersion)
    let presence = Presence(rawValue: try record.byte())
    attemptCount = try record.count()
    let heldByte = try record.byte()
    held = HeldDisposition(rawValue: heldByte)
    guard held != nil || heldByte == 0 else { throw .damaged("an operation is held for an unknown reason") }
    conflictRoundCount = try record.count()
    if presence.contains(.dueAt) { dueAt = try record.timestamp() }
    if presence.contains(.lastFailure) {
      lastFailure = DeliveryFailure(DeliveryFailure.Code(try record.string()), try record.string())
      lastFailureAt = try record.timestamp()
    }
    if presence.contains(.replacing) {
      var remote = RemoteVersion(detail: try record.string())
      if presence.contains(.replacingTag) { remote.tag = try record.string() }
      if presence.contains(.replacingModifiedAt) { remote.modifiedAt = try record.timestamp() }
      if presence.contains(.replacingPayload) { remote.payload = try record.byteArray() }
      if presence.contains(.replacingWritten) { remote.written = HybridTimestamp(try record.string()) }
      replacing = remote
    }
    if presence.contains(.conflicting) { conflicting = try RemoteVersion(from: &record) }
  }
}
