/// The Castagnoli checksum (RFC 3720, appendix B.4; reflected polynomial `82F63B78`), four bytes at a time.
public enum CRC32C {
  /// `tables[k][b]` is the checksum of byte `b` followed by `k` zero bytes.
  private static let tables: [[UInt32]] = {
    var tables = [[UInt32]](repeating: [UInt32](repeating: 0, count: 256), count: 4)
    for byte in 0..<256 {
      var value = UInt32(byte)
      for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0x82F6_3B78 : value >> 1 }
      tables[0][byte] = value
    }
    for table in 1..<4 {
      for byte in 0..<256 {
        let previous = tables[table - 1][byte]
        tables[table][byte] = previous >> 8 ^ tables[0][Int(previous & 0xFF)]
      }
    }
    return tables
  }()

  public static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
    let contiguous = bytes.withContiguousStorageIfAvailable { checksum(buffer: $0) }
    return contiguous ?? Array(bytes).withUnsafeBufferPointer { checksum(buffer: $0) }
  }

  private static func checksum(buffer: UnsafeBufferPointer<UInt8>) -> UInt32 {
    let (zero, one, two, three) = (tables[0], tables[1], tables[2], tables[3])
    var value: UInt32 = 0xFFFF_FFFF
    var index = 0
    while buffer.count - index >= 4 {
      value ^=
        UInt32(buffer[index]) | UInt32(buffer[index + 1]) << 8 | UInt32(buffer[index + 2]) << 16
        | UInt32(buffer[index + 3]) << 24
      value =
        three[Int(value & 0xFF)] ^ two[Int(value >> 8 & 0xFF)] ^ one[Int(value >> 16 & 0xFF)] ^ zero[Int(value >> 24)]
      index += 4
    }
    while index < buffer.count {
      value = value >> 8 ^ zero[Int((value ^ UInt32(buffer[index])) & 0xFF)]
      index += 1
    }
    return ~value
  }
}
