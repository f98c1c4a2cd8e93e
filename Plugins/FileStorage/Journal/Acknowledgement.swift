import TomboloStorage

/// How far the journal was acknowledged, as noted beside it after every commit.
///
/// The journal alone cannot tell a commit that was never finished from an acknowledged one whose last byte was damaged. The
/// note can. It is written after the commit it speaks of and not flushed, so a power cut may leave an older note: it says
/// less then, and never too much. While the machine runs, `writtenByteCount` holds, because the system keeps what was
/// written; after it was started again only `durableByteCount` does.
///
/// The file is 88 bytes: `TMBLACKD`, version (four), zero (four), salt (eight), number of the segment (eight), written
/// (eight), durable (eight), boot identifier (36, zeroes when unknown), CRC-32C of all before.
struct Acknowledgement: Hashable, Sendable {
  static let byteCount = 88
  private static let magic = Array("TMBLACKD".utf8)
  private static let version: UInt32 = 1
  private static let bootByteCount = 36

  var salt: UInt64
  /// The segment the two counts are about.
  var number: UInt64
  var writtenByteCount: Int
  var durableByteCount: Int
  var bootIdentifier: [UInt8]?

  /// Up to where the segment must be intact, on a machine that was started as `boot` says.
  func byteCount(whenStarted boot: [UInt8]?) -> Int {
    boot != nil && boot == bootIdentifier ? writtenByteCount : durableByteCount
  }

  func encoded() -> [UInt8] {
    var bytes = Self.magic
    bytes.reserveCapacity(Self.byteCount)
    bytes.append(little: Self.version)
    bytes.append(little: UInt32(0))
    bytes.append(little: salt)
    bytes.append(little: number)
    bytes.append(little: UInt64(writtenByteCount))
    bytes.append(little: UInt64(durableByteCount))
    let boot = (bootIdentifier ?? []).prefix(Self.bootByteCount)
    bytes.append(contentsOf: boot)
    bytes.append(contentsOf: repeatElement(0, count: Self.bootByteCount - boot.count))
    bytes.append(little: CRC32C.checksum(bytes))
    return bytes
  }

  /// What a note says, or `nil` when it is not intact.
  init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.byteCount, bytes[..<8].elementsEqual(Self.magic),
      bytes.little(UInt32.self, at: 84) == CRC32C.checksum(bytes[..<84]),
      bytes.little(UInt32.self, at: 8) == Self.version
    else { return nil }
    salt = bytes.little(UInt64.self, at: 16)
    number = bytes.little(UInt64.self, at: 24)
    writtenByteCount = Int(clamping: bytes.little(UInt64.self, at: 32))
    durableByteCount = Int(clamping: bytes.little(UInt64.self, at: 40))
    let boot = Array(bytes[48..<84])
    bootIdentifier = boot.allSatisfy { $0 == 0 } ? nil : boot
  }

  init(salt: UInt64, number: UInt64, writtenByteCount: Int, durableByteCount: Int, bootIdentifier: [UInt8]?) {
    self.salt = salt
    self.number = number
    self.writtenByteCount = writtenByteCount
    self.durableByteCount = durableByteCount
    self.bootIdentifier = bootIdentifier
  }
}
