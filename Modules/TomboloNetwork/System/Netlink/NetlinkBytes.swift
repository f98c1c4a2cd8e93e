/// A stretch of a datagram. Every read is checked: what is not there is `nil`, whatever lengths the datagram claims.
struct NetlinkBytes: Equatable {
  private let bytes: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
  }

  init(_ bytes: [UInt8]) {
    self.bytes = bytes[...]
  }

  var count: Int { bytes.count }

  func uint8(at offset: Int) -> UInt8? {
    part(from: offset, count: 1)?.bytes.first
  }

  /// In the machine's own byte order, as all of netlink is.
  func uint16(at offset: Int) -> UInt16? {
    guard let part = part(from: offset, count: 2) else { return nil }
    return UInt16(littleEndian: part.bytes.reversed().reduce(0) { $0 << 8 | UInt16($1) })
  }

  /// In the machine's own byte order.
  func uint32(at offset: Int) -> UInt32? {
    guard let part = part(from: offset, count: 4) else { return nil }
    return UInt32(littleEndian: part.bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) })
  }

  /// `count` bytes from `offset`; `nil` unless all of them are there.
  func part(from offset: Int, count: Int) -> NetlinkBytes? {
    guard offset >= 0, count >= 0, offset <= bytes.count, count <= bytes.count - offset else { return nil }
    let start = bytes.startIndex + offset
    return NetlinkBytes(bytes[start..<start + count])
  }

  /// What follows the first `offset` bytes; `nil` when there are fewer.
  func dropping(_ offset: Int) -> NetlinkBytes? {
    part(from: offset, count: bytes.count - offset)
  }

  /// The text up to the first zero byte.
  var text: String {
    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }

  func starts(with prefix: [UInt8]) -> Bool {
    bytes.starts(with: prefix)
  }
}
