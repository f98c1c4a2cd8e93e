import Testing
import TomboloPorts

@testable import TomboloNetwork

@Suite struct NetlinkTableTests {
  typealias Build = NetlinkBuilder

  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var datagrams: [[UInt8]]
    var reach: NetworkPath.Reach

    init(_ sentence: String, _ reach: NetworkPath.Reach, _ datagrams: [UInt8]...) {
      testDescription = sentence
      self.reach = reach
      self.datagrams = datagrams
    }
  }

  static let loopback = Build.link(1, "lo", flags: Build.usable | 0x8, hardware: 772)
  static let eth0 = Build.link(2, "eth0")
  static let v6 = [UInt8](repeating: 0xFD, count: 16)

  static let cases = [
    Case("nothing at all", .none),
    Case("loopback alone, with its addresses", .none, loopback, Build.address(1, scope: 254)),
    Case("an interface without an address", .none, eth0),
    Case("an address", .local, eth0, Build.address(2)),
    Case("an IPv6 address", .local, eth0, Build.address(2, isIPv6: true, v6)),
    Case("an address of the link alone", .none, eth0, Build.address(2, isIPv6: true, scope: 253, v6)),
    Case("169.254.0.1, whatever its scope", .none, eth0, Build.address(2, [169, 254, 0, 1])),
    Case("a tentative address", .none, eth0, Build.address(2, isIPv6: true, flags: 0x40, v6)),
    Case("a tentative but optimistic address", .local, eth0, Build.address(2, isIPv6: true, flags: 0x44, v6)),
    Case("a duplicate address", .none, eth0, Build.address(2, isIPv6: true, flags: 0x88, v6)),
    Case("a deprecated address", .local, eth0, Build.address(2, isIPv6: true, flags: 0xA0, v6)),
    Case("an address of an interface nobody knows", .none, eth0, Build.address(9)),
    Case("a default route", .routed, eth0, Build.address(2), Build.route(2)),
    Case("a default route without an address", .none, eth0, Build.route(2)),
    Case("a default route whose address sits on loopback", .routed, loopback, eth0, Build.address(1), Build.route(2)),
    Case("an IPv6 default route, an IPv4 address", .local, eth0, Build.address(2), Build.route(2, isIPv6: true)),
    Case(
      "an IPv6 default route", .routed, eth0, Build.address(2, isIPv6: true, v6), Build.route(2, isIPv6: true)),
    Case("a route to one network", .local, eth0, Build.address(2), Build.route(2, prefixLength: 24)),
    Case("a blackhole", .local, eth0, Build.address(2), Build.route(2, type: 6)),
    Case("an unreachable default", .local, eth0, Build.address(2), Build.route(2, type: 7)),
    Case("a default route of another table", .local, eth0, Build.address(2), Build.route(2, table: 100)),
    Case(
      "a table number too long for the header", .local, eth0, Build.address(2),
      Build.route(2, table: 252, longTable: 51_820)),
    Case("table main by its attribute", .routed, eth0, Build.address(2), Build.route(2, table: 0, longTable: 254)),
    Case("a default route over a dead hop", .local, eth0, Build.address(2), Build.route(2, flags: 1)),
    Case("a default route whose link is down", .local, eth0, Build.address(2), Build.route(2, flags: 16)),
    Case("several hops, one alive", .routed, eth0, Build.address(2), Build.route(nil, hops: [(3, 0), (2, 0)])),
    Case("several hops, all dead", .local, eth0, Build.address(2), Build.route(nil, hops: [(3, 0), (2, 1)])),
    Case("an interface switched off", .none, Build.link(2, "eth0", flags: 0), Build.address(2), Build.route(2)),
    Case(
      "an interface on, but without a cable", .none, Build.link(2, "eth0", flags: 0x1), Build.address(2),
      Build.route(2)),
    Case("an interface that is dormant", .none, Build.link(2, "wlan0", flags: 0x1_0001), Build.address(2)),
    Case(
      "the route leads over one that is down", .local, eth0, Build.link(3, "eth1", flags: 0x1), Build.address(2),
      Build.address(3), Build.route(3)),
    Case("a default route over loopback", .none, loopback, Build.address(1), Build.route(1)),
  ]

  @Test("links, addresses and routes amount to a reach", arguments: cases)
  func reach(example: Case) {
    #expect(table(example.datagrams).path { _ in nil }.reach == example.reach)
  }

  @Test("interfaces are sorted, and told with their kind, families and routes")
  func interfaces() {
    let path = table([
      Build.link(5, "wwan0", hardware: 519), Build.link(4, "wlan0"), Self.eth0, Self.loopback,
      Build.link(6, "docker0", madeBy: "bridge"), Build.link(7, "ib0", hardware: 32), Build.address(2),
      Build.address(4, isIPv6: true, Self.v6), Build.route(2),
    ]).path { ["wlan0": "wlan", "wwan0": "wwan"][$0] }
    #expect(
      path.interfaces == [
        NetworkInterface(name: "docker0", kind: .virtual),
        NetworkInterface(name: "eth0", kind: .ethernet, hasIPv4: true, carriesDefaultRoute: true),
        NetworkInterface(name: "ib0", kind: .other),
        NetworkInterface(name: "wlan0", kind: .wifi, hasIPv6: true),
        NetworkInterface(name: "wwan0", kind: .cellular),
      ])
    #expect(path.isMetered == nil)
  }

  @Test("a way out that is cellular alone is metered; anything else is not known")
  func metered() {
    let wwan = Build.link(5, "wwan0", hardware: 65_534, madeBy: "wwan")
    let cellular = [wwan, Build.address(5), Build.route(5)]
    #expect(table(cellular).path { _ in nil }.isMetered == true)
    #expect(table(cellular + [Self.eth0, Build.address(2), Build.route(2)]).path { _ in nil }.isMetered == nil)
    #expect(table([wwan, Build.address(5)]).path { _ in nil }.isMetered == nil)
  }

  private func table(_ datagrams: [[UInt8]]) -> NetlinkTable {
    datagrams.flatMap { NetlinkMessage.parse($0).messages }.reduce(into: NetlinkTable()) { $0.add($1) }
  }
}
