import TomboloPorts

/// Links, addresses and default routes as the kernel listed them, and what they amount to.
struct NetlinkTable: Equatable {
  /// For which families something is there.
  struct Families: OptionSet {
    static let ipv4 = Families(rawValue: 1)
    static let ipv6 = Families(rawValue: 2)

    var rawValue: UInt8

    init(rawValue: UInt8) {
      self.rawValue = rawValue
    }

    init(_ family: UInt8) {
      self = family == NetlinkNumber.familyIPv6 ? .ipv6 : .ipv4
    }
  }

  private var links: [UInt32: NetlinkLink] = [:]
  /// By interface, the families it has a usable address of.
  private var addresses: [UInt32: Families] = [:]
  /// By interface, the families a default route leads over it for.
  private var defaultRoutes: [UInt32: Families] = [:]

  /// Takes in one entry of a listing; anything else is skipped. What is kept grows with the interfaces, not with the routes.
  mutating func add(_ message: NetlinkMessage) {
    switch message.type {
    case NetlinkNumber.newLink:
      if let link = NetlinkLink(message.payload) { links[link.index] = link }
    case NetlinkNumber.newAddress:
      if let address = NetlinkAddress(message.payload), address.isUsable {
        addresses[address.interfaceIndex, default: []].insert(Families(address.family))
      }
    case NetlinkNumber.newRoute:
      if let route = NetlinkRoute(message.payload), route.isDefault {
        for index in route.interfaceIndexes { defaultRoutes[index, default: []].insert(Families(route.family)) }
      }
    default: break
    }
  }

  /// What the tables amount to. `deviceType` answers the driver's name for the sort of an interface, `wlan` or `wwan`.
  ///
  /// A default route counts when its interface is usable and any interface, loopback included, has an address of its
  /// family: with unnumbered links the address sits elsewhere.
  func path(deviceType: (String) -> String?) -> NetworkPath {
    let usable = links.values.filter { $0.isUsable }
    let families = usable.reduce(into: Families()) { $0.formUnion(addresses[$1.index] ?? []) }
    let outer = usable.filter { !$0.isLoopback }.sorted { $0.name < $1.name }
    let interfaces = outer.map { link in
      let own = addresses[link.index] ?? []
      return NetworkInterface(
        name: link.name, kind: kind(of: link, deviceType: deviceType),
        hasIPv4: own.contains(.ipv4), hasIPv6: own.contains(.ipv6),
        carriesDefaultRoute: !(defaultRoutes[link.index] ?? []).isDisjoint(with: families))
    }
    let carriers = interfaces.filter(\.carriesDefaultRoute)
    let isAddressed = interfaces.contains { $0.hasIPv4 || $0.hasIPv6 }
    return NetworkPath(
      reach: !carriers.isEmpty ? .routed : isAddressed ? .local : .none,
      interfaces: interfaces,
      isMetered: !carriers.isEmpty && carriers.allSatisfy { $0.kind == .cellular } ? true : nil)
  }

  /// The links that are worth a look now and then, since the kernel may tell late: the ways out that are said to run, and links
  /// that are connected and not said to run yet.
  var watchedCarriers: [NetlinkCarrier] {
    links.values.filter { !$0.isLoopback && ($0.isSaidToRun ? defaultRoutes[$0.index] != nil : $0.isRising) }
      .sorted { $0.index < $1.index }
      .prefix(NetlinkCarrier.countMaximum)
      .map { NetlinkCarrier($0) }
  }

  private func kind(of link: NetlinkLink, deviceType: (String) -> String?) -> NetworkInterface.Kind {
    if let madeBy = link.madeBy { return madeBy == "wwan" ? .cellular : .virtual }
    switch link.hardwareType {
    case NetlinkNumber.hardwareWireless: return .wifi
    case NetlinkNumber.hardwareEthernet, NetlinkNumber.hardwareRawIP:
      switch deviceType(link.name) {
      case "wlan": return .wifi
      case "wwan": return .cellular
      default: return link.hardwareType == NetlinkNumber.hardwareEthernet ? .ethernet : .other
      }
    default: return .other
    }
  }
}
