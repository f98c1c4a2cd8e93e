public import TomboloPorts

/// Builds keys whose byte order is the order of the values put in, part by part.
///
///     var key = KeyEncoder(tag: 0x71)
///     key.append("user/7")
///     key.append(id)
///     let range = KeyRange.prefix(key.key)
///
/// - Integers are big-endian; signed ones have their sign bit flipped.
/// - Text is its UTF-8 bytes with `00` written as `00 FF`, ended by `00 01`, so that "a" sorts before "ab" and nothing that
///   follows can be mistaken for a part of it (the encoding of FoundationDB's tuple layer, with another end mark).
public struct KeyEncoder: Sendable {
  public private(set) var bytes: [UInt8]

  /// A key of a layer begins with the layer's own tag, so that layers share a store without meeting.
  public init(tag: UInt8...) {
    bytes = []
    bytes.reserveCapacity(48)
    for byte in tag { bytes.append(byte) }
  }

  public var key: Key { Key(bytes) }

  public mutating func append(tag: UInt8) {
    bytes.append(tag)
  }

  public mutating func append(_ value: UInt64) {
    for shift in 1...8 { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(64 - 8 * shift))) }
  }

  public mutating func append(_ timestamp: Timestamp) {
    append(UInt64(bitPattern: timestamp.millisecondsSinceEpoch) ^ (1 << 63))
  }

  public mutating func append(_ id: OperationID) {
    append(id.high)
    append(id.low)
  }

  public mutating func append(_ text: String) {
    for byte in text.utf8 {
      bytes.append(byte)
      if byte == 0 { bytes.append(0xFF) }
    }
    bytes.append(0)
    bytes.append(1)
  }
}

/// Takes keys apart again, in the order they were built. Every answer is `nil` when the bytes are not what was asked for.
public struct KeyDecoder: Sendable {
  private let bytes: [UInt8]
  private var position: Int

  public init(_ key: Key, skipping count: Int = 0) {
    bytes = key.bytes
    position = min(max(0, count), key.bytes.count)
  }

  public var isAtEnd: Bool { position == bytes.count }

  public mutating func tag() -> UInt8? {
    guard position < bytes.count else { return nil }
    defer { position += 1 }
    return bytes[position]
  }

  public mutating func integer() -> UInt64? {
    guard bytes.count - position >= 8 else { return nil }
    var value: UInt64 = 0
    for offset in 0..<8 { value = value << 8 | UInt64(bytes[position + offset]) }
    position += 8
    return value
  }

  public mutating func timestamp() -> Timestamp? {
    integer().map { Timestamp(millisecondsSinceEpoch: Int64(bitPattern: $0 ^ (1 << 63))) }
  }

  public mutating func operationID() -> OperationID? {
    guard let high = integer(), let low = integer() else { return nil }
    return OperationID(high: high, low: low)
  }

  public mutating func string() -> String? {
    var text: [UInt8] = []
    var index = position
    while index + 1 < bytes.count {
      guard bytes[index] == 0 else {
        text.append(bytes[index])
        index += 1
        continue
      }
      switch bytes[index + 1] {
      case 0xFF: text.append(0)
      case 1:
        position = index + 2
        return String(validating: text, as: UTF8.self)
      default: return nil
      }
      index += 2
    }
    return nil
  }
}
