import Testing
import TomboloPorts

@testable import TomboloNetwork

@Suite struct NetlinkListingTests {
  typealias Build = NetlinkBuilder

  /// The types of the requests, in their order.
  static let requestTypes: [UInt16] = [18, 22, 26, 26]

  @Test("links, addresses, IPv4 and IPv6 routes are asked for one after the other")
  func order() {
    var listing = NetlinkListing()
    var types: [UInt16] = []
    var request = listing.start()
    for part in 1...4 {
      let messages = NetlinkMessage.parse(request)
      #expect(messages.isWhole && messages.messages.count == 1)
      types += messages.messages.map(\.type)
      #expect(messages.messages.first?.sequence == UInt32(part))
      #expect(messages.messages.first?.flags == 0x301)
      let step = listing.take(Build.done(sequence: UInt32(part)))
      if part < 4 {
        guard case .send(let next) = step else { return #expect(Bool(false), "\(step)") }
        request = next
      } else {
        #expect(step == .finished(isSteady: true))
      }
    }
    #expect(types == Self.requestTypes)
  }

  @Test("what answers another request is skipped")
  func sequence() {
    var listing = NetlinkListing()
    #expect(listing.take(Build.done(sequence: 7)) == .receive)
    #expect(listing.take(Build.link(2, "eth0", sequence: 7) + Build.link(3, "eth1")) == .receive)
    #expect(listing.table.path { _ in nil }.interfaces.map(\.name) == ["eth1"])
  }

  @Test("a listing during which the tables changed, or something was lost, is not steady")
  func unsteady() {
    let interrupted = Build.message(16, flags: 0x12, [])
    let cut = Array(Build.link(2, "eth0").dropLast(8))
    for datagram in [interrupted, cut, Build.message(4, [])] {
      #expect(finish { _ = $0.take(datagram) } == .finished(isSteady: false))
    }
    #expect(finish { $0.lost() } == .finished(isSteady: false))
    #expect(finish { _ in } == .finished(isSteady: true))
  }

  @Test("an error of the kernel ends the listing, in either of its two forms")
  func errors() {
    var listing = NetlinkListing()
    #expect(listing.take(Build.error(sequence: 1, -1)) == .failed(1))
    #expect(listing.take(Build.done(sequence: 1, error: -13)) == .failed(13))
    #expect(listing.take(Build.error(sequence: 1, .min)) == .failed(5), "an error number that is none")
  }

  @Test("a kernel without IPv6 has no routes of it, which is no error")
  func withoutIPv6() {
    var listing = NetlinkListing()
    for part in 1...3 { _ = listing.take(Build.done(sequence: UInt32(part))) }
    #expect(listing.take(Build.error(sequence: 4, -97)) == .finished(isSteady: true))
    var other = NetlinkListing()
    #expect(other.take(Build.error(sequence: 1, -95)) == .failed(95), "links are needed")
  }

  @Test("several messages in one datagram are taken in to the end of their part")
  func packed() {
    var listing = NetlinkListing()
    let step = listing.take(Build.link(2, "eth0") + Build.link(3, "eth1") + Build.done(sequence: 1))
    guard case .send = step else { return #expect(Bool(false), "\(step)") }
    #expect(listing.table.path { _ in nil }.interfaces.count == 2)
  }

  private func finish(_ disturb: (inout NetlinkListing) -> Void) -> NetlinkListing.Step {
    var listing = NetlinkListing()
    disturb(&listing)
    for part in 1...3 { _ = listing.take(Build.done(sequence: UInt32(part))) }
    return listing.take(Build.done(sequence: 4))
  }
}
