import Foundation
import Testing
import TomboloAgent
import TomboloPorts

@Suite("The wire's types")
struct WireTests {
  @Test(
    "A timestamp is read with any offset and to the millisecond",
    arguments: [
      ("1970-01-01T00:00:00Z", 0), ("1970-01-01T00:00:00.001Z", 1), ("1970-01-01T00:00:00.0019999Z", 1),
      ("1970-01-01t00:00:01.5z", 1_500), ("1970-01-01T01:00:00+01:00", 0), ("1969-12-31T19:30:00-04:30", 0),
      ("1969-12-31T23:59:59.250Z", -750), ("2026-11-21T10:42:07.250Z", 1_795_257_727_250),
      ("2000-02-29T00:00:00Z", 951_782_400_000), ("2016-12-31T23:59:60Z", 1_483_228_800_000),
      ("0000-01-01T00:00:00Z", -62_167_219_200_000), ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
    ] as [(String, Int64)])
  func timestamps(text: String, milliseconds: Int64) throws {
    #expect(WireTimestamp(text)?.timestamp.millisecondsSinceEpoch == milliseconds)
  }

  @Test(
    "What is no RFC 3339 timestamp is refused",
    arguments: [
      "", "2026-11-21", "2026-11-21T10:42:07", "2026-11-21 10:42:07Z", "2026-11-21T10:42Z", "2026-13-01T00:00:00Z",
      "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2026-11-00T00:00:00Z",
      "2026-11-21T24:00:00Z", "2026-11-21T10:60:00Z", "2026-11-21T10:42:61Z", "2026-11-21T10:42:07.Z",
      "2026-11-21T10:42:07+1:00", "2026-11-21T10:42:07+0100", "2026-11-21T10:42:07ZZ", "26-11-21T10:42:07Z", "now",
    ])
  func noTimestamps(text: String) {
    #expect(WireTimestamp(text) == nil)
  }

  @Test("A timestamp that is written is read as the same, over twenty centuries")
  func timestampRoundTrip() {
    for step in 0..<5_000 {
      let timestamp = Timestamp(millisecondsSinceEpoch: -30_000_000_000_000 + Int64(step) * 17_123_456_789)
      #expect(WireTimestamp(timestamp.description)?.timestamp == timestamp)
    }
  }

  @Test("A payload is decoded for people with all its digits")
  func payloads() throws {
    let text = #"{"a":[12345678901234567890,1.1,true,null,"x"]}"#
    let value = try JSONDecoder().decode(WireJSON.self, from: Data(text.utf8))
    let number = try #require(Decimal(string: "12345678901234567890"))
    let fraction = try #require(Decimal(string: "1.1"))
    #expect(value == .object(["a": .array([.number(number), .number(fraction), .boolean(true), .null, .string("x")])]))
    #expect(String(decoding: try JSONEncoder().encode(value), as: UTF8.self) == text)
  }
}
