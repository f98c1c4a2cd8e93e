import TomboloPorts

/// All records as of one commit, and how they are written: a mark, the last revision, the records, a checksum.
struct Snapshot {
  var records: [Key: Record] = [:]
  /// Kept although its record may be gone, so that no key ever gets a revision twice.
  var lastRevision: UInt64 = 0

  private static let mark = Array("snapshot1\n".utf8)

  init() {}

  mutating func apply(_ mutations: [Mutation]) -> Revision {
    lastRevision += 1
    let revision = Revision(rawValue: lastRevision)
    for mutation in mutations {
      switch mutation {
      case .put(let key, let value): records[key] = Record(key: key, value: value, revision: revision)
      case .delete(let key): records[key] = nil
      }
    }
    return revision
  }

  var bytes: [UInt8] {
    var bytes = Self.mark
    func append(_ number: UInt64) { withUnsafeBytes(of: number.littleEndian) { bytes += $0 } }
    append(lastRevision)
    append(UInt64(records.count))
    for record in records.values {
      append(record.revision.rawValue)
      append(UInt64(record.key.bytes.count))
      bytes += record.key.bytes
      append(UInt64(record.value.count))
      bytes += record.value
    }
    append(Self.checksum(bytes[...]))
    return bytes
  }

  /// `nil` when the bytes are not exactly what `bytes` made.
  init?(bytes: [UInt8]) {
    var rest = bytes[...].dropLast(8)
    guard bytes.count >= Self.mark.count + 24, rest.starts(with: Self.mark) else { return nil }
    func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) } }
    guard number(bytes.suffix(8)) == Self.checksum(rest) else { return nil }
    rest = rest.dropFirst(Self.mark.count)
    func take(_ count: UInt64) -> ArraySlice<UInt8>? {
      guard count <= UInt64(rest.count) else { return nil }
      defer { rest = rest.dropFirst(Int(count)) }
      return rest.prefix(Int(count))
    }
    guard let last = take(8), let count = take(8) else { return nil }
    lastRevision = number(last)
    for _ in 0..<number(count) {
      guard let revision = take(8), let keyCount = take(8), let key = take(number(keyCount)),
        let valueCount = take(8), let value = take(number(valueCount))
      else { return nil }
      let record = Record(key: Key(Array(key)), value: Array(value), revision: Revision(rawValue: number(revision)))
      records[record.key] = record
    }
    guard rest.isEmpty else { return nil }
  }

  /// FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/
  private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }
}
