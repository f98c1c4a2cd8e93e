import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@Suite("KeyEncoder")
struct KeyEncoderTests {
  private static func text(_ random: inout SeededGenerator) -> String {
    let alphabet: [Unicode.Scalar] = ["\0", "\u{1}", "a", "b", "\u{7F}", "\u{80}", "é", "\u{FFFF}", "😀"]
    var text = String.UnicodeScalarView()
    for _ in 0..<Int.random(in: 0...4, using: &random) {
      if let scalar = alphabet.randomElement(using: &random) { text.append(scalar) }
    }
    return String(text)
  }

  private static func key(_ text: String, _ number: UInt64, _ time: Timestamp) -> Key {
    var encoder = KeyEncoder(tag: 0x71)
    encoder.append(text)
    encoder.append(number)
    encoder.append(time)
    return encoder.key
  }

  @Test("Keys sort as what was put in, part by part, and give it back", arguments: 0..<8)
  func order(seed: Int) throws {
    var random = SeededGenerator(seed: UInt64(seed))
    for _ in 0..<500 {
      let texts = (Self.text(&random), Self.text(&random))
      let numbers = (UInt64.random(in: 0...2, using: &random), random.next())
      let times = (
        Timestamp(millisecondsSinceEpoch: Int64.random(in: -2...2, using: &random)),
        Timestamp(millisecondsSinceEpoch: Int64(bitPattern: random.next()))
      )
      let (left, right) = (Self.key(texts.0, numbers.0, times.0), Self.key(texts.1, numbers.1, times.1))
      let (leftUTF8, rightUTF8) = (Array(texts.0.utf8), Array(texts.1.utf8))
      let isBefore =
        leftUTF8 != rightUTF8
        ? leftUTF8.lexicographicallyPrecedes(rightUTF8)
        : (numbers.0, times.0) < (numbers.1, times.1)
      #expect((left < right) == isBefore, "seed \(seed): \(texts) \(numbers) \(times)")

      var decoder = KeyDecoder(left)
      #expect(decoder.tag() == 0x71)
      #expect(decoder.string().map { Array($0.utf8) } == leftUTF8)
      #expect(decoder.integer() == numbers.0)
      #expect(decoder.timestamp() == times.0)
      #expect(decoder.isAtEnd)
    }
  }

  @Test("No text is the prefix of another one")
  func prefixFree() {
    let texts = ["", "\0", "\0\0", "a", "a\0", "ab", "a\u{1}"]
    for left in texts {
      for right in texts where left != right {
        var (one, other) = (KeyEncoder(), KeyEncoder())
        one.append(left)
        other.append(right)
        #expect(!other.key.hasPrefix(one.key), "\(left.debugDescription), \(right.debugDescription)")
      }
    }
  }

  @Test("Identifiers sort as they were made")
  func identifiers() {
    let source = MonotonicOperationIDSource(random: SeededGenerator(seed: 3))
    var previous = Key([])
    for step in 0..<1_000 {
      var encoder = KeyEncoder()
      encoder.append(source.next(at: Timestamp(millisecondsSinceEpoch: Int64(step / 10))))
      #expect(previous < encoder.key)
      previous = encoder.key
    }
  }

  @Test(
    "Bytes that are not what was asked for give nothing",
    arguments: [[], [0], [0x61], [0x61, 0], [0, 2], [0xC3, 0x28, 0, 1]] as [[UInt8]])
  func wrongBytes(bytes: [UInt8]) {
    var decoder = KeyDecoder(Key(bytes))
    #expect(decoder.string() == nil)
    #expect(decoder.integer() == nil)
    #expect(decoder.operationID() == nil)
  }
}
