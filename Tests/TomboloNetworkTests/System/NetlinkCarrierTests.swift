import Testing
import TomboloPorts

@testable import TomboloNetwork

@Suite struct NetlinkCarrierTests {
  private static let runningWithoutCarrier: UInt32 = 0x41

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

  @Test("what carries a way out is watched, with or without a carrier, as long as the kernel says that it runs")
  func watched() {
    #expect(table().watchedCarriers == [NetlinkCarrier(index: 2, isPresent: true)])
    #expect(
      table(flags: Self.runningWithoutCarrier).watchedCarriers == [NetlinkCarrier(index: 2, isPresent: false)])
    #expect(table(flags: 0x1).watchedCarriers.isEmpty, "told as lost already")
    #expect(table(hasRoute: false).watchedCarriers.isEmpty)
  }

  @Test("the answer is judged by the flag of the carrier alone; a link that is gone is not as it was known")
  func judge() {
    let carrier = NetlinkCarrier(index: 2, isPresent: true)
    #expect(carrier.judge(NetlinkBuilder.link(2, "eth0"), sequence: 1) == true)
    #expect(carrier.judge(NetlinkBuilder.link(2, "eth0", flags: Self.runningWithoutCarrier), sequence: 1) == false)
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
