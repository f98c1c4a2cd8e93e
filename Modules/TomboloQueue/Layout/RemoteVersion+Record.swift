import TomboloPorts
import TomboloStorage

/// The stored form of a remote version, with all that the outside told.
extension RemoteVersion {
  private struct Presence: OptionSet {
    let rawValue: UInt8
    static let tag = Presence(rawValue: 1)
    static let modifiedAt = Presence(rawValue: 2)
    static let written = Presence(rawValue: 4)
    static let payload = Presence(rawValue: 8)
  }

  /// What a receiver needs to recognise it, without the payload.
  var mark: RemoteVersion { RemoteVersion(tag: tag, modifiedAt: modifiedAt, written: written, detail: detail) }

  /// Without a payload that is too long to be kept, and saying so.
  var withoutPayload: RemoteVersion {
    var kept = mark
    kept.detail += " (its \(payload?.count ?? 0) bytes are too many to be kept)"
    return kept
  }

  func append(to record: inout RecordEncoder) {
    var presence: Presence = []
    if tag != nil { presence.insert(.tag) }
    if modifiedAt != nil { presence.insert(.modifiedAt) }
    if written != nil { presence.insert(.written) }
    if payload != nil { presence.insert(.payload) }
    record.append(presence.rawValue)
    record.append(detail)
    if let tag { record.append(tag) }
    if let modifiedAt { record.append(modifiedAt) }
    if let written { record.append(written.description) }
    if let payload { record.append(payload) }
  }

  init(from record: inout RecordDecoder) throws(RecordError) {
    let presence = Presence(rawValue: try record.byte())
    self.init(detail: try record.string())
    if presence.contains(.tag) { tag = try record.string() }
    if presence.contains(.modifiedAt) { modifiedAt = try record.timestamp() }
    if presence.contains(.written) { written = HybridTimestamp(try record.string()) }
    if presence.contains(.payload) { payload = try record.byteArray() }
  }
}
