import TomboloPorts
import TomboloStorage

/// How every file of a journal begins.
///
/// | bytes | what |
/// |---|---|
/// | 0-7 | `TMBLJRNL` |
/// | 8-11 | version of the format |
/// | 12-15 | length of this header |
/// | 16-23 | number of the segment |
/// | 24-31 | salt: the same in every segment of a store, another in every store |
/// | 32-39 | sequence number of its first frame |
/// | 40-47 | epoch in which it was made |
/// | 48-55 | number of the oldest segment that counted when it was made |
/// | 56-59 | zero |
/// | 60-63 | CRC-32C of the bytes before |
struct SegmentHeader: Hashable, Sendable {
  static let byteCount = 64
  static let version: UInt32 = 1
  private static let magic = Array("TMBLJRNL".utf8)

  var number: UInt64
  var salt: UInt64
  var firstSequence: UInt64
  var epoch: UInt64
  var front: UInt64

  func encoded() -> [UInt8] {
    var bytes = Self.magic
    bytes.append(little: Self.version)
    bytes.append(little: UInt32(Self.byteCount))
    for number in [number, salt, firstSequence, epoch, front] { bytes.append(little: number) }
    bytes.append(little: UInt32(0))
    bytes.append(little: CRC32C.checksum(bytes))
    return bytes
  }

  /// Reads the header at the beginning of `bytes`.
  ///
  /// - Throws: `JournalDamage` at offset 0, also for a newer version.
  static func decoded(_ bytes: [UInt8]) throws(JournalDamage) -> SegmentHeader {
    guard bytes.count >= byteCount else { throw JournalDamage(0, "the file is shorter than its header") }
    guard bytes[..<8].elementsEqual(magic) else { throw JournalDamage(0, "it is no segment of a Tombolo journal") }
    let isIntact = bytes.little(UInt32.self, at: 60) == CRC32C.checksum(bytes[..<60])
    let version = bytes.little(UInt32.self, at: 8)
    if version > Self.version, version < 1_000 {
      throw JournalDamage(
        0, "it has version \(version) of the format, and this program knows versions up to \(Self.version)",
        isNewer: true)
    }
    guard isIntact, version == Self.version else { throw JournalDamage(0, "its header is damaged") }
    return SegmentHeader(
      number: bytes.little(UInt64.self, at: 16), salt: bytes.little(UInt64.self, at: 24),
      firstSequence: bytes.little(UInt64.self, at: 32), epoch: bytes.little(UInt64.self, at: 40),
      front: bytes.little(UInt64.self, at: 48))
  }
}
