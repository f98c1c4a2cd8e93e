/// The name of an operation: 128 bits that grow in the order of enqueueing, written as a UUID.
///
/// The layout is UUID version 7 (RFC 9562, section 5.7): 48 bits of milliseconds since 1970, then bits that keep
/// identifiers of one millisecond apart and in order.
public struct OperationID: Hashable, Sendable {
  public var high: UInt64
  public var low: UInt64

  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// Reads the usual text form, upper or lower case; `nil` when `text` is not 32 hexadecimal digits in groups of
  /// 8-4-4-4-12.
  public init?(_ text: some StringProtocol) {
    var words: (UInt64, UInt64) = (0, 0)
    var digitCount = 0
    for (position, character) in text.utf8.enumerated() {
      if position == 8 || position == 13 || position == 18 || position == 23 {
        guard character == UInt8(ascii: "-") else { return nil }
        continue
      }
      let digit: UInt8
      switch character {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = character - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = character - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = character - UInt8(ascii: "A") + 10
      default: return nil
      }
      guard digitCount < 32 else { return nil }
      if digitCount < 16 { words.0 = words.0 << 4 | UInt64(digit) } else { words.1 = words.1 << 4 | UInt64(digit) }
      digitCount += 1
    }
    guard digitCount == 32 else { return nil }
    self.init(high: words.0, low: words.1)
  }

  /// The moment the identifier was made. It never goes back from one identifier of a source to the next, so it may run
  /// ahead of a wall clock that was set back.
  public var timestamp: Timestamp {
    Timestamp(millisecondsSinceEpoch: Int64(high >> 16))
  }

  /// The 16 bytes in their sorting order.
  public var bytes: [UInt8] {
    [UInt8](unsafeUninitializedCapacity: 16) { buffer, count in
      for index in 0..<8 {
        buffer[index] = UInt8(truncatingIfNeeded: high >> UInt64(56 - 8 * index))
        buffer[index + 8] = UInt8(truncatingIfNeeded: low >> UInt64(56 - 8 * index))
      }
      count = 16
    }
  }
}

extension OperationID: Comparable {
  public static func < (left: OperationID, right: OperationID) -> Bool {
    left.high != right.high ? left.high < right.high : left.low < right.low
  }
}

extension OperationID: CustomStringConvertible {
  public var description: String {
    String(unsafeUninitializedCapacity: 36) { text in
      var position = 0
      for index in 0..<16 {
        if index == 4 || index == 6 || index == 8 || index == 10 {
          text[position] = UInt8(ascii: "-")
          position += 1
        }
        let byte = UInt8(truncatingIfNeeded: (index < 8 ? high : low) >> UInt64(56 - 8 * (index & 7)))
        text[position] = Self.digit(byte >> 4)
        text[position + 1] = Self.digit(byte & 0xF)
        position += 2
      }
      return position
    }
  }

  private static func digit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }
}
