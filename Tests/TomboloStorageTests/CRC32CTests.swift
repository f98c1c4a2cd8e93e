import Testing

@testable import TomboloStorage

@Suite("CRC32C")
struct CRC32CTests {
  @Test(
    "The vectors of RFC 3720, appendix B.4, and the check value of the catalogue of parametrised CRCs",
    arguments: [
      (Array("123456789".utf8), 0xE306_9283), ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
      ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43), (Array(0...31), 0x46DD_794E),
      (Array((0...31).reversed()), 0x113F_DB5C), ([], 0),
    ] as [([UInt8], UInt32)])
  func vectors(bytes: [UInt8], checksum: UInt32) {
    #expect(CRC32C.checksum(bytes) == checksum)
    #expect(bytes.withUnsafeBufferPointer { CRC32C.checksumByTables($0) } == checksum)
  }

  @Test("The processor's instruction and the tables give the same, for every length and wherever the bytes begin")
  func tables() {
    let bytes = (0..<100).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ 13) }
    for start in 0..<9 {
      for end in start...bytes.count {
        let byTables = bytes[start..<end].withUnsafeBufferPointer { CRC32C.checksumByTables($0) }
        #expect(CRC32C.checksum(bytes[start..<end]) == byTables, "\(start)..<\(end)")
      }
    }
  }

  @Test("Bytes that do not lie together give the same checksum", arguments: 0..<12)
  func sequence(count: Int) {
    let bytes = Array("hello, world".utf8.prefix(count))
    #expect(CRC32C.checksum(AnySequence(bytes)) == CRC32C.checksum(bytes))
  }
}
