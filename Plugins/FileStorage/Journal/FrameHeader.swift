import TomboloStorage

/// How every frame begins: the unit that is written whole or does not count.
///
/// | bytes | what |
/// |---|---|
/// | 0-3 | `TMBF` |
/// | 4-7 | kind |
/// | 8-15 | sequence number: one more than that of the frame before |
/// | 16-23 | up to where the segment was durable when this was written |
/// | 24-27 | length of the entries |
/// | 28-31 | length of the values |
/// | 32-35 | CRC-32C of the entries |
/// | 36-39 | CRC-32C of the bytes before, of the store's salt, the segment's number and the frame's offset |
///
/// Entries, values and zeroes up to a multiple of eight follow. Every value has its own checksum in its entry.
struct FrameHeader: Hashable, Sendable {
  /// What a frame is for. The numbers are part of the format.
  enum Kind: UInt32, Sendable {
    /// A batch.
    case batch = 1
    /// Records that were copied, with their revisions, so that an old segment can go.
    case relocation = 2
    /// An epoch, and the oldest segment that counts.
    case mark = 3
  }

  static let byteCount = 40
  /// Frames begin at multiples of it.
  static let alignment = 8
  /// The most that entries, and values, may take: bounds what reading a frame allocates.
  static let partByteCountMaximum = 1 << 30
  private static let magic: UInt32 = 0x4642_4D54

  var kind: Kind
  var sequence: UInt64
  var durableByteCount: UInt64
  var entriesByteCount: Int
  var valuesByteCount: Int
  var entriesChecksum: UInt32

  /// The length of the whole frame.
  var frameByteCount: Int { Self.aligned(Self.byteCount + entriesByteCount + valuesByteCount) }

  static func aligned(_ byteCount: Int) -> Int { (byteCount + alignment - 1) / alignment * alignment }

  /// Writes it over the forty bytes at `index`.
  func encode(into bytes: inout [UInt8], at index: Int, place: FramePlace) {
    bytes.replace(at: index, little: Self.magic)
    bytes.replace(at: index + 4, little: kind.rawValue)
    bytes.replace(at: index + 8, little: sequence)
    bytes.replace(at: index + 16, little: durableByteCount)
    bytes.replace(at: index + 24, little: UInt32(entriesByteCount))
    bytes.replace(at: index + 28, little: UInt32(valuesByteCount))
    bytes.replace(at: index + 32, little: entriesChecksum)
    bytes.replace(at: index + 36, little: Self.checksum(bytes, at: index, place: place))
  }

  /// The header at `index`, or `nil` when no intact one of this place is there.
  static func decoded(_ bytes: [UInt8], at index: Int, place: FramePlace) -> FrameHeader? {
    guard index >= 0, bytes.count - index >= byteCount, bytes.little(UInt32.self, at: index) == magic,
      bytes.little(UInt32.self, at: index + 36) == checksum(bytes, at: index, place: place),
      let kind = Kind(rawValue: bytes.little(UInt32.self, at: index + 4))
    else { return nil }
    let header = FrameHeader(
      kind: kind, sequence: bytes.little(UInt64.self, at: index + 8),
      durableByteCount: bytes.little(UInt64.self, at: index + 16),
      entriesByteCount: Int(bytes.little(UInt32.self, at: index + 24)),
      valuesByteCount: Int(bytes.little(UInt32.self, at: index + 28)),
      entriesChecksum: bytes.little(UInt32.self, at: index + 32))
    guard header.entriesByteCount <= partByteCountMaximum, header.valuesByteCount <= partByteCountMaximum else {
      return nil
    }
    return header
  }

  private static func checksum(_ bytes: [UInt8], at index: Int, place: FramePlace) -> UInt32 {
    var covered = Array(bytes[index..<index + 36])
    covered.append(little: place.salt)
    covered.append(little: place.number)
    covered.append(little: UInt64(place.offset))
    return CRC32C.checksum(covered)
  }
}

/// Where a frame is. It is part of the header's checksum, so that a copy of a frame elsewhere, in a value say, is none.
struct FramePlace: Hashable, Sendable {
  var salt: UInt64
  var number: UInt64
  /// In the segment's file, in bytes.
  var offset: Int
}
