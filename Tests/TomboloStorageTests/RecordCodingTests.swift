import Testing
import TomboloPorts
import TomboloTesting

@testable import TomboloStorage

@Suite("RecordEncoder and RecordDecoder")
struct RecordCodingTests {
  private static func sample() -> [UInt8] {
    var record = RecordEncoder(version: 3)
    record.append("key/é")
    record.append(UInt64(300))
    record.append(Int64(-5))
    record.append([1, 2, 3])
    record.append(OperationID(high: 1, low: 2))
    return record.sealed()
  }

  @Test(
    "Numbers of every length come back",
    arguments: [0, 1, 127, 128, 16_383, 16_384, UInt64(UInt32.max), 1 << 62, 1 << 63, .max])
  func numbers(number: UInt64) throws {
    var record = RecordEncoder(version: 1)
    record.append(number)
    record.append(Int64(bitPattern: number))
    record.append(Timestamp(millisecondsSinceEpoch: Int64(bitPattern: number)))
    var decoder = try RecordDecoder(record.sealed(), newestVersion: 1)
    #expect(try decoder.unsigned() == number)
    #expect(try decoder.signed() == Int64(bitPattern: number))
    #expect(try decoder.timestamp().millisecondsSinceEpoch == Int64(bitPattern: number))
    #expect(decoder.isAtEnd)
  }

  @Test(
    "Texts come back letter for letter, ASCII or not",
    arguments: ["", "a", "\u{0}\u{7F}", "\u{80}", "é", "a long one, longer than fifteen"])
  func texts(text: String) throws {
    var record = RecordEncoder(version: 1, capacity: -1)
    record.append(text)
    var decoder = try RecordDecoder(record.sealed(), newestVersion: 1)
    #expect(try decoder.string() == text)
  }

  @Test("Bytes that are no UTF-8 are damage")
  func noText() throws {
    var record = RecordEncoder(version: 1)
    record.append([0x61, 0xFF])
    var decoder = try RecordDecoder(record.sealed(), newestVersion: 1)
    #expect(throws: RecordError.self) { try decoder.string() }
  }

  @Test("Fields come back in their order")
  func roundTrip() throws {
    var decoder = try RecordDecoder(Self.sample(), newestVersion: 3)
    #expect(decoder.version == 3)
    #expect(try decoder.string() == "key/é")
    #expect(try decoder.count() == 300)
    #expect(try decoder.signed() == -5)
    #expect(try decoder.byteArray() == [1, 2, 3])
    #expect(try decoder.operationID() == OperationID(high: 1, low: 2))
    #expect(decoder.isAtEnd)
  }

  @Test("A flipped bit anywhere is found", arguments: 0..<8)
  func flippedBits(bit: Int) {
    let sample = Self.sample()
    for index in sample.indices {
      var damaged = sample
      damaged[index] ^= 1 << UInt8(bit)
      #expect(throws: RecordError.self, "byte \(index)") { try RecordDecoder(damaged, newestVersion: 3) }
    }
  }

  @Test("Every value that was cut off is found")
  func truncations() {
    let sample = Self.sample()
    for count in 0..<sample.count {
      #expect(throws: RecordError.self, "\(count) bytes") {
        try RecordDecoder(Array(sample.prefix(count)), newestVersion: 3)
      }
    }
  }

  @Test("A record of a newer program is told from a damaged one, with what to do")
  func newer() throws {
    let error = #expect(throws: RecordError.self) { try RecordDecoder(Self.sample(), newestVersion: 2) }
    #expect(error == .newer(version: 3, newest: 2))
    #expect(try #require(error).description.contains("use a newer program"))
  }

  @Test("A length that points beyond the record is not believed", arguments: [4, UInt64(UInt32.max), 1 << 63, .max])
  func longLengths(length: UInt64) throws {
    var record = RecordEncoder(version: 1)
    record.append(length)
    record.append(UInt8(7))
    let value = record.sealed()
    var decoder = try RecordDecoder(value, newestVersion: 1)
    #expect(throws: RecordError.self) { try decoder.byteArray() }
    decoder = try RecordDecoder(value, newestVersion: 1)
    #expect(throws: RecordError.self) { try decoder.string() }
  }

  @Test("A number that does not end, or is too long, is refused")
  func endlessNumber() throws {
    for bytes in [[UInt8](repeating: 0x80, count: 12), [UInt8](repeating: 0xFF, count: 9) + [2]] {
      var record = RecordEncoder(version: 1)
      for byte in bytes { record.append(byte) }
      var decoder = try RecordDecoder(record.sealed(), newestVersion: 1)
      #expect(throws: RecordError.self) { try decoder.unsigned() }
    }
  }

  @Test("Random bytes never decode and never trap", arguments: 0..<4)
  func randomBytes(seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed))
    for _ in 0..<2_000 {
      let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
      #expect(throws: RecordError.self, "seed \(seed)") { try RecordDecoder(bytes, newestVersion: 255) }
    }
  }

  @Test(
    "The writer gives the bytes of the encoder, however much room it was told to take", arguments: [0, 20, 40, 400])
  func writer(byteCount: Int) {
    let id = OperationID(high: 0x0102_0304_0506_0708, low: .max)
    for length in [0, 1, 9, 127, 128, 300, 5_000] {
      let text = String(repeating: "é", count: length)
      let bytes = [UInt8](repeating: 0xA5, count: length)
      for number in [0, 1, 127, 128, 300, 1 << 40, .max] as [UInt64] {
        var record = RecordEncoder(version: 7)
        record.append(UInt8(3))
        record.append(text)
        record.append(number)
        record.append(Int64(bitPattern: number))
        record.append(Timestamp(millisecondsSinceEpoch: Int64(length)))
        record.append(id)
        record.append(bytes)
        record.append(bytes)
        let written = RecordWriter.record(version: 7, endingWith: bytes, byteCount: byteCount) { record in
          record.append(UInt8(3))
          record.append(text)
          record.append(number)
          record.append(Int64(bitPattern: number))
          record.append(Timestamp(millisecondsSinceEpoch: Int64(length)))
          record.append(id)
          record.append(bytes)
        }
        #expect(written == record.sealed())
      }
    }
  }
}
