/// One route, as `RTM_NEWROUTE` describes it, as far as it matters whether it is a way out.
struct NetlinkRoute: Equatable {
  /// `struct rtmsg`.
  static let headerByteCount = 12
  /// `struct rtnexthop`.
  private static let hopByteCount = 8

  var family: UInt8
  /// 0 for a default route.
  var prefixLength: UInt8
  /// The source it is limited to; 0 when to none.
  var sourceLength: UInt8
  var table: UInt32
  var type: UInt8
  /// The interfaces it leads over, without those the kernel marks as dead or without carrier.
  var interfaceIndexes: [UInt32] = []

  /// Whether it leads anywhere, wherever the destination is. Blackholes, and routes that only answer `unreachable`, do not.
  var isDefault: Bool {
    prefixLength == 0 && sourceLength == 0 && type == NetlinkNumber.routeUnicast
      && (table == NetlinkNumber.tableMain || table == NetlinkNumber.tableDefault)
      && (family == NetlinkNumber.familyIPv4 || family == NetlinkNumber.familyIPv6)
  }
}

extension NetlinkRoute {
  /// `nil` when the payload is too short.
  init?(_ payload: NetlinkBytes) {
    guard
      let family = payload.uint8(at: 0), let prefixLength = payload.uint8(at: 1),
      let sourceLength = payload.uint8(at: 2), let table = payload.uint8(at: 4), let type = payload.uint8(at: 7),
      let flags = payload.uint32(at: 8), let rest = payload.dropping(Self.headerByteCount)
    else { return nil }
    self.init(
      family: family, prefixLength: prefixLength, sourceLength: sourceLength, table: UInt32(table), type: type)
    for (type, value) in NetlinkAttributes(rest) {
      switch type {
      case NetlinkNumber.attributeTable: self.table = value.uint32(at: 0) ?? self.table
      case NetlinkNumber.attributeOutInterface:
        if Self.isAlive(flags), let index = value.uint32(at: 0) { interfaceIndexes.append(index) }
      case NetlinkNumber.attributeMultipath: addHops(value)
      default: break
      }
    }
  }

  private mutating func addHops(_ bytes: NetlinkBytes) {
    var rest = bytes
    while let length = rest.uint16(at: 0).map(Int.init), length >= Self.hopByteCount,
      rest.part(from: 0, count: length) != nil, let flags = rest.uint8(at: 2), let index = rest.uint32(at: 4)
    {
      if Self.isAlive(UInt32(flags)) { interfaceIndexes.append(index) }
      guard let next = rest.dropping(netlinkAligned(length)) else { return }
      rest = next
    }
  }

  private static func isAlive(_ flags: UInt32) -> Bool {
    flags & (NetlinkNumber.hopDead | NetlinkNumber.hopLinkDown) == 0
  }
}
