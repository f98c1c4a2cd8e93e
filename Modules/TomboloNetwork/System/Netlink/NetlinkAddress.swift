/// One address of an interface, as `RTM_NEWADDR` describes it.
struct NetlinkAddress: Equatable {
  /// `struct ifaddrmsg`.
  static let headerByteCount = 8

  var family: UInt8
  var interfaceIndex: UInt32
  var scope: UInt8
  var flags: UInt32
  /// Whether it is one of 169.254.0.0/16, which may be entered with any scope.
  var isLinkLocalIPv4 = false

  /// Whether it can be used beyond its link: not while it is being checked for duplicates, not when there is one. A
  /// deprecated address counts: it is the kernel's last choice, but a choice (RFC 4862, section 5.5.4).
  var isUsable: Bool {
    guard family == NetlinkNumber.familyIPv4 || family == NetlinkNumber.familyIPv6 else { return false }
    guard scope < NetlinkNumber.scopeLink, !isLinkLocalIPv4 else { return false }
    guard flags & NetlinkNumber.addressDuplicate == 0 else { return false }
    return flags & NetlinkNumber.addressTentative == 0 || flags & NetlinkNumber.addressOptimistic != 0
  }
}

extension NetlinkAddress {
  /// `nil` when the payload is too short.
  init?(_ payload: NetlinkBytes) {
    guard
      let family = payload.uint8(at: 0), let shortFlags = payload.uint8(at: 2), let scope = payload.uint8(at: 3),
      let interfaceIndex = payload.uint32(at: 4), let rest = payload.dropping(Self.headerByteCount)
    else { return nil }
    self.init(family: family, interfaceIndex: interfaceIndex, scope: scope, flags: UInt32(shortFlags))
    for (type, value) in NetlinkAttributes(rest) {
      switch type {
      case NetlinkNumber.attributeAddressFlags: flags = value.uint32(at: 0) ?? flags
      // Between two points the one is the peer's address, the other ours.
      case NetlinkNumber.attributeLocalAddress:
        isLinkLocalIPv4 = family == NetlinkNumber.familyIPv4 && value.starts(with: [169, 254])
      default: break
      }
    }
  }
}
