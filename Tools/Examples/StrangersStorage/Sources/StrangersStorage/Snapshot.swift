import Foundation
import TomboloPorts

/// All records as of one commit, and the bytes they are written as: a checksum, then a property list.
struct Snapshot: Codable {
  private struct Entry: Codable { var value: Data, revision: UInt64 }

  private var entries: [Data: Entry] = [:]
  /// Kept although its record may be gone, so that no key ever gets a revision twice.
  private(set) var lastRevision: UInt64 = 0

  init() {}

  subscript(key: Key) -> Record? {
    entries[Data(key.bytes)].map { Record(key: key, value: Array($0.value), revision: Revision(rawValue: $0.revision)) }
  }

  func keys(in range: KeyRange) -> [Key] {
    entries.keys.map { Key(Array($0)) }.filter(range.contains).sorted()
  }

  mutating func apply(_ mutations: [Mutation]) -> Revision {
    lastRevision += 1
    for mutation in mutations {
      switch mutation {
      case .put(let key, let value): entries[Data(key.bytes)] = Entry(value: Data(value), revision: lastRevision)
      case .delete(let key): entries[Data(key.bytes)] = nil
      }
    }
    return Revision(rawValue: lastRevision)
  }

  func bytes() throws -> Data {
    let body = try PropertyListEncoder().encode(self)
    return Self.checksum(body) + body
  }

  /// Throws when the bytes are not exactly what `bytes` made.
  init(bytes: Data) throws {
    let body = Data(bytes.dropFirst(8))
    guard bytes.prefix(8) == Self.checksum(body) else { throw CocoaError(.fileReadCorruptFile) }
    self = try PropertyListDecoder().decode(Snapshot.self, from: body)
  }

  /// FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/
  private static func checksum(_ bytes: Data) -> Data {
    let sum = bytes.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    return withUnsafeBytes(of: sum.littleEndian) { Data($0) }
  }
}
