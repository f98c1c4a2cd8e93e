private import CTomboloChecksum

/// The Castagnoli checksum (RFC 3720, appendix B.4; reflected polynomial `82F63B78`), eight bytes at a time: by the processor's own
/// instruction where it has one, and by tables elsewhere.
public enum CRC32C {
  /// `tables[256 * k + b]` is the checksum of byte `b` followed by `k` zero bytes.
  private static let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 8 * 256)
    for byte in 0..<256 {
      var value = UInt32(byte)
      for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0x82F6_3B78 : value >> 1 }
      tables[byte] = value
    }
    for index in 256..<tables.count {
      let previous = tables[index - 256]
      tables[index] = previous >> 8 ^ tables[Int(previous & 0xFF)]
    }
    return tables
  }()

  public static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
    let contiguous = bytes.withContiguousStorageIfAvailable { checksum(buffer: $0) }
    return contiguous ?? Array(bytes).withUnsafeBufferPointer { checksum(buffer: $0) }
  }

  /// The same of an array, without generic code, which for a few bytes costs more than the checksum.
  public static func checksum(_ bytes: [UInt8]) -> UInt32 {
    bytes.withUnsafeBufferPointer { checksum(buffer: $0) }
  }

  /// The same of a part of an array, without generic code.
  public static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    bytes.withUnsafeBufferPointer { checksum(buffer: $0) }
  }

  private static let hasInstruction = tombolo_crc32c_is_available()

  /// The same of bytes that are lent.
  ///
  /// Safety: the instruction is there, and only the buffer's bytes are read; where there are none, its address may be none.
  package static func checksum(buffer: UnsafeBufferPointer<UInt8>) -> UInt32 {
    guard hasInstruction else { return checksumByTables(buffer) }
    return ~tombolo_crc32c(0xFFFF_FFFF, buffer.baseAddress, buffer.count)
  }

  /// The same on a processor without the instruction.
  static func checksumByTables(_ buffer: UnsafeBufferPointer<UInt8>) -> UInt32 {
    tables.withUnsafeBufferPointer { tables in
      var value: UInt32 = 0xFFFF_FFFF
      let bytes = UnsafeRawBufferPointer(buffer)
      var index = 0
      while bytes.count - index >= 8 {
        let next = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)) ^ UInt64(value)
        // The first byte has seven after it, the last none. Unrolled: a loop here costs half of the speed.
        let first =
          tables[0x700 | Int(next & 0xFF)] ^ tables[0x600 | Int(next >> 8 & 0xFF)]
          ^ tables[0x500 | Int(next >> 16 & 0xFF)] ^ tables[0x400 | Int(next >> 24 & 0xFF)]
        let second =
          tables[0x300 | Int(next >> 32 & 0xFF)] ^ tables[0x200 | Int(next >> 40 & 0xFF)]
          ^ tables[0x100 | Int(next >> 48 & 0xFF)] ^ tables[Int(next >> 56)]
        value = first ^ second
        index += 8
      }
      while index < bytes.count {
        value = value >> 8 ^ tables[Int((value ^ UInt32(bytes[index])) & 0xFF)]
        index += 1
      }
      return ~value
    }
  }
}
