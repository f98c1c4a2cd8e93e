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
  func isZero(in range: Range<Int>) -> Bool {
    withUnsafeBytes { bytes in bytes[range].allSatisfy { $0 == 0 } }
  }
}
