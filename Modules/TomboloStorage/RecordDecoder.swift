public import TomboloPorts

/// Reads what `RecordEncoder` wrote. The checksum is verified before anything is read, and no length is believed beyond the
/// bytes that are there.
public struct RecordDecoder: Sendable {
  /// Which layout the fields have.
  public let version: UInt8
  private let bytes: [UInt8]
  private var position: Int
  private let end: Int

  /// Throws `RecordError.damaged` when the checksum does not fit, and `RecordError.newer` when the version is above
  /// `newestVersion`.
  public init(_ value: [UInt8], newestVersion: UInt8) throws(RecordError) {
    guard value.count >= 5 else { throw .damaged("a record of \(value.count) bytes is too short to be one") }
    let end = value.count - 4
    var stored: UInt32 = 0
    for offset in 0..<4 { stored |= UInt32(value[end + offset]) << UInt32(8 * offset) }
    guard CRC32C.checksum(value[..<end]) == stored else {
      throw .damaged("the checksum of a record of \(value.count) bytes does not fit its content")
    }
    guard value[0] <= newestVersion else { throw .newer(version: value[0], newest: newestVersion) }
    version = value[0]
    bytes = value
    position = 1
    self.end = end
  }

  public var isAtEnd: Bool { position == end }

  public mutating func unsigned() throws(RecordError) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while shift <= 63 {
      let byte = try self.byte()
      guard shift < 63 || byte <= 1 else { throw .damaged("a number is longer than 64 bits") }
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    throw .damaged("a number does not end")
  }

  public mutating func signed() throws(RecordError) -> Int64 {
    let value = try unsigned()
    return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
  }

  /// A number that fits an `Int`, such as a count.
  public mutating func count() throws(RecordError) -> Int {
    guard let count = Int(exactly: try unsigned()) else { throw .damaged("a count is out of range") }
    return count
  }

  public mutating func byte() throws(RecordError) -> UInt8 {
    guard position < end else { throw .damaged("a record ends before its fields do") }
    defer { position += 1 }
    return bytes[position]
  }

  public mutating func byteArray() throws(RecordError) -> [UInt8] {
    Array(try slice(count: count()))
  }

  public mutating func string() throws(RecordError) -> String {
    let bytes = try slice(count: count())
    // Names mostly are ASCII, and to validate others goes through generic code.
    if bytes.allSatisfy({ $0 < 0x80 }) { return bytes.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) } }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .damaged("a text is not UTF-8")
    }
    return text
  }

  public mutating func timestamp() throws(RecordError) -> Timestamp {
    Timestamp(millisecondsSinceEpoch: try signed())
  }

  public mutating func operationID() throws(RecordError) -> OperationID {
    var (high, low): (UInt64, UInt64) = (0, 0)
    for byte in try slice(count: 16) {
      high = high << 8 | low >> 56
      low = low << 8 | UInt64(byte)
    }
    return OperationID(high: high, low: low)
  }

  private mutating func slice(count: Int) throws(RecordError) -> ArraySlice<UInt8> {
    guard count <= end - position else { throw .damaged("a length points beyond the end of its record") }
    defer { position += count }
    return bytes[position..<position + count]
  }
}

/// Why the value of a record cannot be read.
public enum RecordError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Changed since it was written.
  case damaged(String)
  /// Written by a newer program.
  case newer(version: UInt8, newest: UInt8)

  public var description: String {
    switch self {
    case .damaged(let detail): detail
    case .newer(let version, let newest):
      "the record has layout \(version), and this program reads layouts up to \(newest): use a newer program"
    }
  }
}
