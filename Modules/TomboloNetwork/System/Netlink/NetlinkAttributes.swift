/// The attributes behind a message's fixed part: `struct rtattr`, each with its value, in order. Ends at the first that is
/// cut short or claims an impossible length; unknown ones are for the reader to skip.
struct NetlinkAttributes: Sequence, IteratorProtocol {
  private static let headerByteCount = 4
  /// The two highest bits of a type say how the value is laid out, not what it is (`NLA_TYPE_MASK`).
  private static let typeMask: UInt16 = 0x3FFF

  private var rest: NetlinkBytes

  init(_ bytes: NetlinkBytes?) {
    rest = bytes ?? NetlinkBytes([])
  }

  mutating func next() -> (type: UInt16, value: NetlinkBytes)? {
    guard
      let length = rest.uint16(at: 0).map(Int.init), length >= Self.headerByteCount,
      let type = rest.uint16(at: 2),
      let value = rest.part(from: Self.headerByteCount, count: length - Self.headerByteCount)
    else { return nil }
    rest = rest.dropping(netlinkAligned(length)) ?? NetlinkBytes([])
    return (type & Self.typeMask, value)
  }
}
