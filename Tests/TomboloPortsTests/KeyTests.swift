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

  @Test("Keys of any length are in the order of their bytes, wherever they first differ")
  func longKeys() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<2_000 {
      // Few values, so that many begin alike.
      let left = (0..<Int.random(in: 0...24, using: &random)).map { _ in
        [UInt8](arrayLiteral: 0, 1, 0x7F, 0x80, 0xFF).randomElement() ?? 0
      }
      var right = left
      if let index = right.indices.randomElement(using: &random) {
        right[index] = UInt8.random(in: 0...255, using: &random)
      }
      if Bool.random(using: &random) { right.removeLast(Int.random(in: 0...right.count, using: &random)) }
      let comment = Comment(rawValue: "\(left) and \(right)")
      #expect((Key(left) < Key(right)) == left.lexicographicallyPrecedes(right), comment)
      #expect((Key(right) < Key(left)) == right.lexicographicallyPrecedes(left), comment)
      #expect((Key(left) == Key(right)) == (Key(left).hashValue == Key(right).hashValue), comment)
    }
  }
}
