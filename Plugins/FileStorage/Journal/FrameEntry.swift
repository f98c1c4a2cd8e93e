import TomboloPorts
import TomboloStorage

/// One change, as a frame lists it: what is needed to build the index, without the value.
///
/// A delete is the byte 2, the key's length (two bytes) and the key. A put is the byte 1, the key's length, the revision
/// (eight), the value's length (four), its CRC-32C (four) and the key. The values follow all entries, in their order.
struct FrameEntry: Hashable, Sendable {
  /// Where a put's value is.
  struct Value: Hashable, Sendable {
    var revision: Revision
    /// In the frame's values, in bytes.
    var offset: Int
    var byteCount: Int
    var checksum: UInt32
  }

  var key: Key
  /// `nil` for a delete.
  var value: Value?

  private static let putMark: UInt8 = 1
  private static let deleteMark: UInt8 = 2
  /// Bytes of a put beside its key and value: what it costs to keep a record.
  static let overheadByteCount = 19

  static func append(
    put key: Key, revision: Revision, valueByteCount: Int, checksum: UInt32, to bytes: inout [UInt8]
  ) {
    // At once, because there is one for each record. Safety: all `overheadByteCount` bytes of the room are written.
    withUnsafeTemporaryAllocation(byteCount: overheadByteCount, alignment: 8) { room in
      room.storeBytes(of: putMark, as: UInt8.self)
      room.storeBytes(of: UInt16(key.bytes.count).littleEndian, toByteOffset: 1, as: UInt16.self)
      room.storeBytes(of: revision.rawValue.littleEndian, toByteOffset: 3, as: UInt64.self)
      room.storeBytes(of: UInt32(valueByteCount).littleEndian, toByteOffset: 11, as: UInt32.self)
      room.storeBytes(of: checksum.littleEndian, toByteOffset: 15, as: UInt32.self)
      bytes.append(contentsOf: room)
    }
    key.bytes.withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
  }

  static func append(delete key: Key, to bytes: inout [UInt8]) {
    bytes.append(deleteMark)
    bytes.append(little: UInt16(key.bytes.count))
    bytes.append(contentsOf: key.bytes)
  }

  /// The entries in `range`, or `nil` when the bytes are none, or do not account for exactly the frame's values.
  static func decoded(_ bytes: [UInt8], in range: Range<Int>, valuesByteCount: Int) -> [FrameEntry]? {
    var entries: [FrameEntry] = []
    var index = range.lowerBound
    var valueOffset = 0
    while index < range.upperBound {
      guard range.upperBound - index >= 3 else { return nil }
      let mark = bytes[index]
      let keyByteCount = Int(bytes.little(UInt16.self, at: index + 1))
      index += 3
      var value: Value?
      if mark == putMark {
        guard range.upperBound - index >= 16 else { return nil }
        let byteCount = Int(bytes.little(UInt32.self, at: index + 8))
        guard byteCount <= valuesByteCount - valueOffset else { return nil }
        value = Value(
          revision: Revision(rawValue: bytes.little(UInt64.self, at: index)), offset: valueOffset, byteCount: byteCount,
          checksum: bytes.little(UInt32.self, at: index + 12))
        valueOffset += byteCount
        index += 16
      } else if mark != deleteMark {
        return nil
      }
      guard range.upperBound - index >= keyByteCount else { return nil }
      entries.append(FrameEntry(key: Key(Array(bytes[index..<index + keyByteCount])), value: value))
      index += keyByteCount
    }
    return valueOffset == valuesByteCount ? entries : nil
  }
}
