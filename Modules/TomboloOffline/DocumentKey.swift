import TomboloPorts
import TomboloStorage

/// Where documents are in the key space of a store. All keys begin with `d`.
///
/// | key | value | there |
/// |---|---|---|
/// | `dv` type id | `DocumentRecord` | for each document that is known, edited or has notices |
/// | `dp` type id | nothing | for each of those with pending edits or notices |
struct DocumentKey: Hashable, Sendable {
  static let tag = UInt8(ascii: "d")

  var type: String
  var id: String

  var record: Key { key(UInt8(ascii: "v")) }
  var attention: Key { key(UInt8(ascii: "p")) }

  private func key(_ subtag: UInt8) -> Key {
    var encoder = KeyEncoder(tag: Self.tag, subtag)
    encoder.append(type)
    encoder.append(id)
    return encoder.key
  }

  /// All documents of a type that have pending edits or notices.
  static func attentionRange(type: String) -> KeyRange {
    var encoder = KeyEncoder(tag: tag, UInt8(ascii: "p"))
    encoder.append(type)
    return KeyRange.prefix(encoder.key)
  }

  init(type: String, id: String) {
    self.type = type
    self.id = id
  }

  init?(attention key: Key) {
    var decoder = KeyDecoder(key, skipping: 2)
    guard let type = decoder.string(), let id = decoder.string() else { return nil }
    self.init(type: type, id: id)
  }
}
