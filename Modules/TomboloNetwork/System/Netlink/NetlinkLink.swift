/// One interface, as `RTM_NEWLINK` describes it.
struct NetlinkLink: Equatable {
  /// `struct ifinfomsg`.
  static let headerByteCount = 16

  var index: UInt32
  var hardwareType: UInt16
  var flags: UInt32
  var name: String
  /// What made it, where software did: `veth`, `bridge`, `wireguard`.
  var madeBy: String?

  /// Whether the kernel has said that it runs, which it may still do a while after the carrier is gone.
  var isSaidToRun: Bool {
    let needed = NetlinkNumber.linkUp | NetlinkNumber.linkRunning
    return flags & needed == needed
  }

  /// Whether it is switched on and connected, and the kernel has not said yet that it runs.
  var isRising: Bool {
    let connected = NetlinkNumber.linkUp | NetlinkNumber.linkLowerUp
    return flags & (connected | NetlinkNumber.linkRunning) == connected
  }

  var isLoopback: Bool { flags & NetlinkNumber.linkLoopback != 0 }

  /// Whether it is switched on, its cable or radio is connected, and it may carry traffic. The kernel sets the flag for
  /// running from the operational state of RFC 2863, `up` or, for links that have none, `unknown`.
  var isUsable: Bool {
    let needed = NetlinkNumber.linkUp | NetlinkNumber.linkRunning | NetlinkNumber.linkLowerUp
    return flags & needed == needed
  }
}

extension NetlinkLink {
  /// `nil` when the payload is too short, or names no interface.
  init?(_ payload: NetlinkBytes) {
    guard
      let hardwareType = payload.uint16(at: 2), let index = payload.uint32(at: 4), let flags = payload.uint32(at: 8),
      let rest = payload.dropping(Self.headerByteCount)
    else { return nil }
    self.init(index: index, hardwareType: hardwareType, flags: flags, name: "", madeBy: nil)
    for (type, value) in NetlinkAttributes(rest) {
      switch type {
      case NetlinkNumber.attributeLinkName: name = value.text
      case NetlinkNumber.attributeLinkInfo:
        madeBy = NetlinkAttributes(value).first { $0.type == NetlinkNumber.attributeLinkInfoKind }?.value.text
      default: break
      }
    }
    if name.isEmpty { return nil }
  }
}
