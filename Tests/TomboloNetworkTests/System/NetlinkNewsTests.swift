import Testing

@testable import TomboloNetwork

@Suite struct NetlinkNewsTests {
  typealias Build = NetlinkBuilder

  @Test("links, addresses and default routes matter, and what cannot be read")
  func matters() {
    for datagram in [
      Build.link(2, "eth0"), Build.address(2), Build.route(2), Build.route(2, type: 6), Build.message(17, []),
      Build.message(21, []), Build.message(25, []), Build.message(4, []), [1, 2, 3], [UInt8](repeating: 0, count: 16),
    ] { #expect(NetlinkNews.matters(datagram)) }
    #expect(NetlinkNews.matters(Build.route(2, prefixLength: 8) + Build.route(2)))
  }

  @Test("a route to one network does not matter, nor does anything else")
  func doesNotMatter() {
    for datagram in [Build.route(2, prefixLength: 24), Build.message(28, [0, 0]), []] {
      #expect(!NetlinkNews.matters(datagram))
    }
  }

  @Test("a steady reading is told at once; of unsteady ones every third is, ever slower")
  func pace() {
    var pace = NetlinkPace()
    var isTold = pace.read(isSteady: true)
    #expect(isTold)
    #expect(pace.gatheringLimitMilliseconds == 50)
    let told = (0..<6).map { _ in pace.read(isSteady: false) }
    #expect(told == [false, false, true, false, false, true])
    #expect(pace.gatheringLimitMilliseconds == 400)
    isTold = pace.read(isSteady: true)
    #expect(isTold)
    #expect(pace.gatheringLimitMilliseconds == 50)
  }
}
