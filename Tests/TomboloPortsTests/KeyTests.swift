import Testing
import TomboloPorts

@Suite("Key")
struct KeyTests {
  @Test(
    "The end of a prefix is the smallest key greater than all that begin with it",
    arguments: [
      ([1], [2]), ([1, 2], [1, 3]), ([1, 0xFF], [2]), ([0xFE, 0xFF, 0xFF], [0xFF]), ([0], [1]), ([1, 0], [1, 1]),
    ] as [([UInt8], [UInt8])])
  func prefixEnd(prefix: [UInt8], end: [UInt8]) {
    #expect(Key(prefix).prefixEnd == Key(end))
    #expect(Key(prefix + [0xFF, 0xFF, 0xFF]) < Key(end))
    #expect(KeyRange.prefix(Key(prefix)).contains(Key(prefix)))
    #expect(!KeyRange.prefix(Key(prefix)).contains(Key(end)))
  }

  @Test("An empty prefix and one of 0xFF bytes have no end", arguments: [[], [0xFF], [0xFF, 0xFF]] as [[UInt8]])
  func noPrefixEnd(prefix: [UInt8]) {
    #expect(Key(prefix).prefixEnd == nil)
    #expect(KeyRange.prefix(Key(prefix)).contains(Key(prefix + [0xFF, 0xFF])))
  }

  @Test("Keys are ordered by unsigned bytes, a shorter one first")
  func order() {
    let keys = [[], [0], [0, 0], [0x7F], [0x80], [0xFF], [0xFF, 0]].map { Key($0) }
    for (index, left) in keys.enumerated() {
      for (other, right) in keys.enumerated() { #expect((left < right) == (index < other)) }
    }
  }

  @Test("Messages show printable bytes as they are and the rest as hexadecimal numbers")
  func description() {
    #expect(Key([0x61, 0x00, 0x0A, 0x5C, 0xFF]).description == "a\\x00\\x0A\\x5C\\xFF")
  }

  @Test("A range whose end is not behind its beginning is empty")
  func emptyRanges() {
    #expect(KeyRange(from: Key([1]), to: Key([1])).isEmpty)
    #expect(KeyRange(from: Key([2]), to: Key([1])).isEmpty)
    #expect(!KeyRange(from: Key([1]), to: Key([1, 0])).isEmpty)
    #expect(!KeyRange.all.isEmpty)
  }

  @Test(
    "Keys of any length are in the order of their bytes, wherever they first differ", arguments: 0..<20 as Range<UInt64>
  )
  func longKeys(seed: UInt64) async {
    var random = SplitMix(state: seed)
    for round in 0..<200 {
      // Other tests want the thread, too.
      if round.isMultiple(of: 20) { await Task.yield() }
      let left = (0..<random.below(25)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      // Alike up to some byte, and of any bytes and length from there on.
      let right =
        left.prefix(random.below(left.count + 1))
        + (0..<random.below(12)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      let (one, other) = (Key(left), Key(Array(right)))
      #expect((one < other) == left.lexicographicallyPrecedes(right), "\(left) and \(right)")
      #expect((other < one) == right.lexicographicallyPrecedes(left), "\(left) and \(right)")
      #expect((one == other) == (one.hashValue == other.hashValue), "\(left) and \(right)")
    }
  }

  /// SplitMix64 (Steele, Lea and Flood, 2014).
  private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var mixed = state
      mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
      mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
      return mixed ^ mixed >> 31
    }

    mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }
  }
}
