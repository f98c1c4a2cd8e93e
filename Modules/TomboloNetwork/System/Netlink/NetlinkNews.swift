/// What came in on the socket that watches for changes.
///
/// Changes are a reason to read the tables anew, and never applied to what was read before. For the kernel does not tell
/// all: IPv4 routes go without a word when their interface is switched off, a replaced route is not said to be gone, and
/// what overflows the socket's buffer is lost.
enum NetlinkNews {
  /// Whether a datagram may tell of a change that matters here. Routes to single networks do not, so that a routing
  /// daemon's thousands cost nothing; what cannot be read might.
  static func matters(_ datagram: [UInt8]) -> Bool {
    let (messages, isWhole) = NetlinkMessage.parse(datagram)
    return !isWhole || messages.contains(where: matters)
  }

  private static func matters(_ message: NetlinkMessage) -> Bool {
    switch message.type {
    case NetlinkNumber.newLink, NetlinkNumber.deleteLink, NetlinkNumber.newAddress, NetlinkNumber.deleteAddress,
      NetlinkNumber.messageOverrun:
      true
    case NetlinkNumber.newRoute, NetlinkNumber.deleteRoute:
      NetlinkRoute(message.payload)?.prefixLength ?? 0 == 0
    default:
      false
    }
  }
}
