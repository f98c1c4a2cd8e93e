import TomboloPorts
import TomboloStorage

extension DocumentRecord {
  /// Version 2 has a notice of an edit whose end is not known; without one it is written as version 1.
  private static let newestVersion: UInt8 = 2

  func encoded(at key: DocumentKey) -> [UInt8] {
    let version: UInt8 = notices.contains { $0.end == nil } ? 2 : 1
    var record = RecordEncoder(version: version, capacity: 128 + (base?.bytes.count ?? 0))
    record.appendIfPresent(base) { record, base in
      record.append(UInt64(base.version))
      record.append(base.bytes)
    }
    record.appendIfPresent(serverVersion) { $0.append($1) }
    record.appendIfPresent(tag) { $0.append($1) }
    record.appendIfPresent(heardAt) { $0.append($1) }
    record.append(UInt64(pending.count))
    for edit in pending {
      record.append(edit.id)
      record.append(edit.kind)
      record.append(UInt64(edit.version))
      record.append(edit.madeAt)
      record.append(UInt8(edit.isIncluded ? 1 : 0))
      record.appendIfPresent(edit.namespace) { $0.append($1) }
      record.append(edit.payload)
    }
    record.append(UInt64(notices.count))
    for notice in notices {
      record.append(notice.editID)
      record.append(notice.kind)
      record.append(notice.end?.rawValue ?? "")
      record.append(notice.reason)
      record.append(notice.at)
    }
    record.append(UInt64(droppedNoticeCount))
    return record.sealed()
  }

  init(_ value: [UInt8], at key: DocumentKey) throws {
    var record = try RecordDecoder(value, newestVersion: Self.newestVersion)
    if try record.byte() == 1 { base = StoredDocument(version: try record.count(), bytes: try record.byteArray()) }
    if try record.byte() == 1 { serverVersion = try record.unsigned() }
    if try record.byte() == 1 { tag = try record.string() }
    if try record.byte() == 1 { heardAt = try record.timestamp() }
    for _ in 0..<(try record.count()) {
      let (id, kind) = (try record.string(), try record.string())
      let (version, madeAt) = (try record.count(), try record.timestamp())
      let isIncluded = try record.byte() == 1
      let namespace = try record.byte() == 1 ? try record.string() : nil
      pending.append(
        PendingEdit(
          id: id, kind: kind, madeAt: madeAt, isIncluded: isIncluded, version: version, namespace: namespace,
          payload: try record.byteArray()))
    }
    for _ in 0..<(try record.count()) {
      let (editID, kind, end) = (try record.string(), try record.string(), try record.string())
      let known = OperationState(rawValue: end)
      guard known != nil || (record.version >= 2 && end.isEmpty) else {
        throw RecordError.damaged("an edit ended in an unknown way")
      }
      notices.append(
        EditNotice(
          documentType: key.type, documentID: key.id, editID: editID, kind: kind, end: known,
          reason: try record.string(),
          at: try record.timestamp()))
    }
    droppedNoticeCount = try record.count()
  }
}

extension RecordEncoder {
  /// Appends whether there is a value, then the value.
  fileprivate mutating func appendIfPresent<Value>(_ value: Value?, _ append: (inout RecordEncoder, Value) -> Void) {
    self.append(UInt8(value == nil ? 0 : 1))
    if let value { append(&self, value) }
  }
}
