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

  private static let version: UInt8 = 1

  private struct Presence: OptionSet {
    let rawValue: UInt8
    static let dueAt = Presence(rawValue: 1)
    static let lastFailure = Presence(rawValue: 2)
    static let replacing = Presence(rawValue: 4)
    static let replacingTag = Presence(rawValue: 8)
    static let replacingModifiedAt = Presence(rawValue: 16)
    static let replacingPayload = Presence(rawValue: 32)
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
    }
    var record = RecordEncoder(version: Self.version)
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
    }
    return record.sealed()
  }

  init() {}

  init(_ value: [UInt8]) throws(RecordError) {
    var record = try RecordDecoder(value, newestVersion: Self.version)
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
      replacing = remote
    }
  }
}
