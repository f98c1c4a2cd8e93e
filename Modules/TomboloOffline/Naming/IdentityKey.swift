import TomboloPorts
import TomboloStorage

/// Where temporary identifiers are in the key space of a store, beside the documents.
///
/// | key | value | there |
/// |---|---|---|
/// | `di` identifier | `IdentityRecord` | from the creating edit, or the name, on |
/// | `dm` identifier number | `MentionRecord` | for each mention, until the server names it |
/// | `do` namespace orderingKey | the ordering key in force | for a named ordering key, while operations stand in line under the old one |
enum IdentityKey {
  static func identity(_ identifier: String) -> Key {
    var encoder = KeyEncoder(tag: DocumentKey.tag, UInt8(ascii: "i"))
    encoder.append(identifier)
    return encoder.key
  }

  static func mention(_ identifier: String, _ number: Int) -> Key {
    var encoder = mentionPrefix(identifier)
    encoder.append(UInt64(number))
    return encoder.key
  }

  static func mentions(_ identifier: String) -> KeyRange { KeyRange.prefix(mentionPrefix(identifier).key) }

  static let orderingKeys = KeyRange.prefix(Key([DocumentKey.tag, UInt8(ascii: "o")]))

  static func orderingKey(_ orderingKey: String, namespace: String?) -> Key {
    var encoder = KeyEncoder(tag: DocumentKey.tag, UInt8(ascii: "o"))
    encoder.append(namespace ?? "")
    encoder.append(orderingKey)
    return encoder.key
  }

  private static func mentionPrefix(_ identifier: String) -> KeyEncoder {
    var encoder = KeyEncoder(tag: DocumentKey.tag, UInt8(ascii: "m"))
    encoder.append(identifier)
    return encoder
  }
}
