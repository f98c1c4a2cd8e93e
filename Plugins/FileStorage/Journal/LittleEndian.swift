#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Numbers in files: least significant byte first, whatever the machine.
extension [UInt8] {
  mutating func append(little number: some FixedWidthInteger & UnsignedInteger) {
    Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
  }

  /// Writes over what is at `index`; the bytes must be there.
  mutating func replace(at index: Int, little number: some FixedWidthInteger & UnsignedInteger) {
    Swift.withUnsafeBytes(of: number.littleEndian) { bytes in
      for (place, byte) in bytes.enumerated() { self[index + place] = byte }
    }
  }

  /// The number at `index`; the bytes must be there.
  func little<Number: FixedWidthInteger & UnsignedInteger>(_ type: Number.Type, at index: Int) -> Number {
    precondition(index >= 0 && index + MemoryLayout<Number>.size <= count, "the caller checks the length")
    return withUnsafeBytes { Number(littleEndian: $0.loadUnaligned(fromByteOffset: index, as: Number.self)) }
  }

  /// Whether there is nothing but zeroes in `range`.
  ///
  /// The room of a journal is megabytes of them, read at every opening. Bytes that are equal to themselves moved by one are all
  /// the same, which is one call of the C library; a step for each byte took a quarter of a second without optimisation.
  func isZero(in range: Range<Int>) -> Bool {
    withUnsafeBytes { bytes in
      let bytes = UnsafeRawBufferPointer(rebasing: bytes[range])
      guard let start = bytes.baseAddress, bytes.count > 1 else { return bytes.allSatisfy { $0 == 0 } }
      return bytes[0] == 0 && memcmp(start, start + 1, bytes.count - 1) == 0
    }
  }
}
