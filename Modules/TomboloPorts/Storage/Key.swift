/// The name of a record: bytes, ordered lexicographically as unsigned numbers, a shorter key before a longer one that
/// begins with it. The empty key is a key like any other, and the smallest of all.
///
/// Layers build keys with `KeyEncoder` of `TomboloStorage`, which keeps the order of what it encodes.
public struct Key: Hashable, Sendable {
  public var bytes: [UInt8]

  public init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// The key made of the UTF-8 bytes of `text`.
  public init(_ text: String) {
    self.bytes = Array(text.utf8)
  }

  /// The smallest key that is greater than every key beginning with this one, or `nil` when there is none (the key is
  /// empty or consists of `0xFF` bytes only).
  public var prefixEnd: Key? {
    guard let last = bytes.lastIndex(where: { $0 != 0xFF }) else { return nil }
    var end = Array(bytes[...last])
    end[last] += 1
    return Key(end)
  }

  public func hasPrefix(_ prefix: Key) -> Bool {
    bytes.starts(with: prefix.bytes)
  }

  /// All bytes at once; an array hashes one after the other.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(bytes.count)
    bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
  }
}

extension Key: Comparable {
  public static func < (left: Key, right: Key) -> Bool {
    left.bytes.withUnsafeBytes { left in
      right.bytes.withUnsafeBytes { right in
        let count = min(left.count, right.count)
        var index = 0
        // Eight bytes at a time, the first of them the most significant.
        while index + 8 <= count {
          let one = UInt64(bigEndian: left.loadUnaligned(fromByteOffset: index, as: UInt64.self))
          let other = UInt64(bigEndian: right.loadUnaligned(fromByteOffset: index, as: UInt64.self))
          if one != other { return one < other }
          index += 8
        }
        while index < count {
          if left[index] != right[index] { return left[index] < right[index] }
          index += 1
        }
        return left.count < right.count
      }
    }
  }
}

extension Key: CustomStringConvertible {
  /// Printable ASCII as it is, every other byte as `\xNN`: for messages and logs.
  public var description: String {
    var text = ""
    for byte in bytes {
      if byte >= 0x20, byte < 0x7F, byte != UInt8(ascii: "\\") {
        text.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        let digits = String(byte, radix: 16, uppercase: true)
        text += digits.count == 1 ? "\\x0" + digits : "\\x" + digits
      }
    }
    return text
  }
}
