import TomboloPorts

/// The record in the target that tells what is being copied there, and how far it is.
struct MigrationMark: Equatable {
  static let version: UInt8 = 1

  /// What the source is called.
  var source: String
  /// What the source held when the copy began.
  var digest: String
  var recordCountTotal: Int
  /// The last key that was copied; `nil` before the first chunk.
  var lastKey: Key?
  var recordCount: Int
  var byteCount: Int

  init(source: String, survey: ContentSurvey) {
    self.source = source
    digest = survey.digest
    recordCountTotal = survey.recordCount
    recordCount = 0
    byteCount = 0
  }

  init(_ value: [UInt8]) throws {
    var decoder = try RecordDecoder(value, newestVersion: Self.version)
    source = try decoder.string()
    digest = try decoder.string()
    recordCountTotal = try decoder.count()
    let hasKey = try decoder.byte() == 1
    let key = Key(try decoder.byteArray())
    lastKey = hasKey ? key : nil
    recordCount = try decoder.count()
    byteCount = try decoder.count()
  }

  var encoded: [UInt8] {
    var encoder = RecordEncoder(version: Self.version, capacity: 160)
    encoder.append(source)
    encoder.append(digest)
    encoder.append(UInt64(recordCountTotal))
    encoder.append(UInt8(lastKey == nil ? 0 : 1))
    encoder.append(lastKey?.bytes ?? [])
    encoder.append(UInt64(recordCount))
    encoder.append(UInt64(byteCount))
    return encoder.sealed()
  }
}
