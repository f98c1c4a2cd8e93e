import Testing
import TomboloPorts

@testable import TomboloNetwork

@Suite struct NetlinkFuzzTests {
  typealias Build = NetlinkBuilder

  private static let samples = [
    Build.link(2, "eth0", madeBy: "veth"), Build.address(2), Build.route(2, longTable: 254),
    Build.route(nil, hops: [(2, 0), (3, 1)]), Build.done(sequence: 1), Build.error(sequence: 1, -1),
    Build.link(2, "eth0") + Build.link(3, "wlan0") + Build.done(sequence: 1),
  ]

  @Test("no bytes bring the reader down, and what is read is no more than what was sent")
  func anything() async {
    let seed = UInt64.random(in: 0 ... .max)
    print("seed \(seed)")
    var random = SplitMix(state: seed)
    for number in 0..<100_000 {
      // Other tests want the thread, too.
      if number.isMultiple(of: 500) { await Task.yield() }
      let datagram = random.datagram(from: Self.samples)
      var listing = NetlinkListing()
      _ = listing.take(datagram)
      _ = NetlinkNews.matters(datagram)
      let path = listing.table.path { _ in nil }
      #expect(path.interfaces.count <= datagram.count / 16)
    }
  }

  /// A small generator with a seed.
  private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }

    /// A sample with some bytes changed, cut off or put in; now and then nothing but chance.
    mutating func datagram(from samples: [[UInt8]]) -> [UInt8] {
      if next() % 8 == 0 { return (0..<Int(next() % 80)).map { _ in UInt8(truncatingIfNeeded: next()) } }
      var bytes = samples[Int(next() % UInt64(samples.count))]
      for _ in 0...Int(next() % 4) where !bytes.isEmpty {
        let place = Int(next() % UInt64(bytes.count))
        switch next() % 5 {
        case 0: bytes.removeSubrange(place...)
        case 1: bytes.insert(UInt8(truncatingIfNeeded: next()), at: place)
        case 2: bytes[place] = [0, 1, 3, 4, 0x7F, 0x80, 0xFF][Int(next() % 7)]
        default: bytes[place] = UInt8(truncatingIfNeeded: next())
        }
      }
      return bytes
    }
  }
}
