public import TomboloPorts

/// Writes the value of a record: a version byte, the fields, and a CRC-32C over all of it.
///
///     var record = RecordEncoder(version: 1)
///     record.append(operation.kind)
///     record.append(operation.payload)
///     batch.put(key, record.sealed())
///
/// Lengths and unsigned numbers are LEB128 varints; signed numbers are zigzag-encoded first. `RecordDecoder` reads the
/// fields back in the same order.
public struct RecordEncoder: Sendable {
  private var bytes: [UInt8]

  public init(version: UInt8, capacity: Int = 64) {
    bytes = []
    bytes.reserveCapacity(max(0, capacity) + 5)
    bytes.append(version)
  }

  public mutating func append(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  public mutating func append(_ value: Int64) {
    append(UInt64(bitPattern: value << 1 ^ value >> 63))
  }

  public mutating func append(_ value: UInt8) {
    bytes.append(value)
  }

  public mutating func append(_ value: [UInt8]) {
    append(UInt64(value.count))
    bytes.append(contentsOf: value)
  }

  public mutating func append(_ text: String) {
    var text = text
    text.withUTF8 { utf8 in
      append(UInt64(utf8.count))
      bytes.append(contentsOf: utf8)
    }
  }

  public mutating func append(_ timestamp: Timestamp) {
    append(timestamp.millisecondsSinceEpoch)
  }

  public mutating func append(_ id: OperationID) {
    for word in [id.high, id.low] {
      for shift in 1...8 { bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(64 - 8 * shift))) }
    }
  }

  /// The finished value, checksum included.
  public consuming func sealed() -> [UInt8] {
    let checksum = CRC32C.checksum(bytes)
    withUnsafeBytes(of: checksum.littleEndian) { bytes.append(contentsOf: $0) }
    return bytes
  }
}
