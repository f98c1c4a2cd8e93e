import Testing
import TomboloPorts

@testable import TomboloNetwork

@Suite struct NetlinkCarrierTests {
  private static let runningWithoutCarrier: UInt32 = 0x41
  private static let rising: UInt32 = 0x1_0001

  private func table(flags: UInt32 = NetlinkBuilder.usable, hasRoute: Bool = true) -> NetlinkTable {
    var listing = NetlinkListing()
    _ = listing.take(NetlinkBuilder.link(2, "eth0", flags: flags) + NetlinkBuilder.done(sequence: 1))
    _ = listing.take(NetlinkBuilder.done(sequence: 2))
    let route = hasRoute ? NetlinkBuilder.route(2) : []
    // The builder numbers what it makes as the first answer.
    for message in NetlinkMessage.parse(route).messages {
      var table = listing.table
      table.add(message)
      return table
    }
    return listing.table
  }

  private func carrier(flags: UInt32 = NetlinkBuilder.usable) throws -> NetlinkCarrier {
    let message = try #require(NetlinkMessage.parse(NetlinkBuilder.link(2, "eth0", flags: flags)).messages.first)
    return NetlinkCarrier(try #require(NetlinkLink(message.payload)))
  }

  @Test("what carries a way out is watched as long as the kernel says that it runs, and what is on its way up")
  func watched() throws {
    #expect(table().watchedCarriers == [try carrier()])
    #expect(
      table(flags: Self.runningWithoutCarrier).watchedCarriers == [try carrier(flags: Self.runningWithoutCarrier)])
    #expect(table(hasRoute: false).watchedCarriers.isEmpty)
    #expect(table(flags: 0x1).watchedCarriers.isEmpty, "told as lost already")
    #expect(table(flags: Self.rising, hasRoute: false).watchedCarriers == [try carrier(flags: Self.rising)])
    #expect(table(flags: 0x1_0000, hasRoute: false).watchedCarriers.isEmpty, "switched off")
  }

  @Test("the answer is judged by whether it runs and is connected; a link that is gone is not as it was known")
  func judge() throws {
    let carrier = try carrier()
    #expect(carrier.judge(NetlinkBuilder.link(2, "eth0"), sequence: 1) == true)
    #expect(carrier.judge(NetlinkBuilder.link(2, "eth0", flags: 0x1_1043), sequence: 1) == true, "other flags")
    #expect(carrier.judge(NetlinkBuilder.link(2, "eth0", flags: Self.runningWithoutCarrier), sequence: 1) == false)
    #expect(carrier.judge(NetlinkBuilder.link(2, "eth0", flags: Self.rising), sequence: 1) == false)
    #expect(carrier.judge(NetlinkBuilder.error(sequence: 1, -19), sequence: 1) == false)
    #expect(carrier.judge(NetlinkBuilder.link(3, "eth1"), sequence: 1) == false)
    #expect(carrier.judge(NetlinkBuilder.link(2, "eth0", sequence: 7), sequence: 1) == nil)
    #expect(carrier.judge([1, 2, 3], sequence: 1) == nil)
  }

  @Test("a request for one link has the length it claims, and its index where the kernel looks for it")
  func request() {
    let request = NetlinkMessage.linkRequest(index: 7, sequence: 3)
    #expect(request.count == 32)
    #expect(Array(request[0..<8]) == [32, 0, 0, 0, 18, 0, 1, 0])
    #expect(Array(request[20..<24]) == [7, 0, 0, 0])
  }
}
