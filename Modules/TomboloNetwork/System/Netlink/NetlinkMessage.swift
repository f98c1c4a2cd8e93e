/// One message of a datagram: the kernel's `struct nlmsghdr` and what follows it.
struct NetlinkMessage: Equatable {
  var type: UInt16
  var flags: UInt16
  var sequence: UInt32
  var payload: NetlinkBytes

  /// The messages of a datagram, in order, up to the first that is cut short or claims an impossible length. `isWhole`
  /// tells whether there was none such.
  static func parse(_ datagram: [UInt8]) -> (messages: [NetlinkMessage], isWhole: Bool) {
    var messages: [NetlinkMessage] = []
    var rest = NetlinkBytes(datagram)
    while rest.count > 0 {
      guard
        let length = rest.uint32(at: 0).flatMap({ Int(exactly: $0) }), length >= NetlinkNumber.messageHeaderByteCount,
        let whole = rest.part(from: 0, count: length),
        let type = whole.uint16(at: 4), let flags = whole.uint16(at: 6), let sequence = whole.uint32(at: 8),
        let payload = whole.dropping(NetlinkNumber.messageHeaderByteCount)
      else { return (messages, false) }
      messages.append(NetlinkMessage(type: type, flags: flags, sequence: sequence, payload: payload))
      // The padding of the last message may be missing.
      guard let next = rest.dropping(netlinkAligned(length)) else { break }
      rest = next
    }
    return (messages, true)
  }

  /// A request for all links, addresses or routes of one family: a header and the structure the kernel expects, all zero
  /// but for the family.
  static func dumpRequest(type: UInt16, family: UInt8, sequence: UInt32) -> [UInt8] {
    var bytes: [UInt8] = []
    append(UInt32(NetlinkNumber.messageHeaderByteCount + bodyByteCount(type)), to: &bytes)
    append(type, to: &bytes)
    append(NetlinkNumber.flagRequest | NetlinkNumber.flagDump, to: &bytes)
    append(sequence, to: &bytes)
    append(UInt32(0), to: &bytes)
    bytes.append(family)
    bytes.append(contentsOf: repeatElement(0, count: bodyByteCount(type) - 1))
    return bytes
  }

  /// A request for one link.
  static func linkRequest(index: UInt32, sequence: UInt32) -> [UInt8] {
    var bytes: [UInt8] = []
    append(UInt32(NetlinkNumber.messageHeaderByteCount + NetlinkLink.headerByteCount), to: &bytes)
    append(NetlinkNumber.getLink, to: &bytes)
    append(NetlinkNumber.flagRequest, to: &bytes)
    append(sequence, to: &bytes)
    append(UInt32(0), to: &bytes)
    // Family, padding and hardware type; then the index, and flags that are not to be changed.
    append(UInt32(0), to: &bytes)
    append(index, to: &bytes)
    append(UInt64(0), to: &bytes)
    return bytes
  }

  /// The sizes of `struct ifinfomsg`, `ifaddrmsg` and `rtmsg`.
  private static func bodyByteCount(_ type: UInt16) -> Int {
    switch type {
    case NetlinkNumber.getLink: NetlinkLink.headerByteCount
    case NetlinkNumber.getAddress: NetlinkAddress.headerByteCount
    default: NetlinkRoute.headerByteCount
    }
  }

  private static func append(_ number: some FixedWidthInteger, to bytes: inout [UInt8]) {
    withUnsafeBytes(of: number) { bytes.append(contentsOf: $0) }
  }
}

/// `length` rounded up to a multiple of four, as messages and attributes are laid out. For lengths of things that are there.
func netlinkAligned(_ length: Int) -> Int {
  (length + 3) & ~3
}
