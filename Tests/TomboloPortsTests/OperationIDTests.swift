import Testing
import TomboloPorts

@Suite("OperationID")
struct OperationIDTests {
  private let id = OperationID(high: 0x0123_4567_89AB_7DEF, low: 0x8123_4567_89AB_CDEF)

  @Test("Its text is that of a UUID, and reading it gives it back in either case")
  func text() {
    #expect(id.description == "01234567-89ab-7def-8123-456789abcdef")
    #expect(OperationID(id.description) == id)
    #expect(OperationID(id.description.uppercased()) == id)
  }

  @Test(
    "Text of another shape is refused",
    arguments: [
      "", "0123456789ab7def8123456789abcdef", "01234567-89ab-7def-8123-456789abcde",
      "01234567-89ab-7def-8123-456789abcdef0", "01234567-89ab-7def-8123-456789abcdeg",
      "01234567_89ab-7def-8123-456789abcdef", "0123456-789ab-7def-8123-456789abcdef",
      "01234567-89ab-7def-8123-456789abcdé", " 1234567-89ab-7def-8123-456789abcdef",
    ])
  func refused(text: String) {
    #expect(OperationID(text) == nil)
  }

  @Test("Identifiers, their bytes and their texts have one order")
  func order() {
    let ids = [
      OperationID(high: 0, low: 1), OperationID(high: 0, low: .max), OperationID(high: 1, low: 0),
      OperationID(high: 0x8000_0000_0000_0000, low: 0), OperationID(high: .max, low: .max),
    ]
    #expect(ids == ids.shuffled().sorted())
    #expect(ids.map { Key($0.bytes) } == ids.map { Key($0.bytes) }.shuffled().sorted())
    #expect(ids.map(\.description) == ids.map(\.description).shuffled().sorted())
  }

  @Test("Its timestamp is its first 48 bits")
  func timestamp() {
    #expect(id.timestamp.millisecondsSinceEpoch == 0x0123_4567_89AB)
  }
}
