/// Identifiers of things that were made here and that the server has not named yet.
///
/// `OfflineStore.makeTemporaryIdentifier` makes one. An edit whose `documentID` it is creates the thing; other edits and
/// documents may mention it, as a string of their JSON that is this identifier and nothing else. When the server names the
/// thing, every such string is replaced.
public enum TemporaryIdentifier {
  static let prefix = "temporary-"
  /// An operation identifier follows the prefix: 32 digits and 4 dashes.
  private static let byteCount = prefix.utf8.count + 36
  private static let quote = UInt8(ascii: "\"")

  public static func isTemporary(_ identifier: String) -> Bool {
    identifier.hasPrefix(prefix) && identifier.utf8.count == byteCount
  }

  /// The temporary identifiers that are strings of this JSON text; none when it is not JSON.
  static func mentions(in json: [UInt8]) -> Set<String> {
    var found: Set<String> = []
    for start in starts(in: json) {
      found.insert(String(decoding: json[start..<start + byteCount], as: UTF8.self))
    }
    return found
  }

  /// The text with other strings in the place of temporary identifiers.
  static func renaming(_ json: [UInt8], _ names: [String: String]) -> [UInt8] {
    var renamed: [UInt8] = []
    var end = 0
    for start in starts(in: json) {
      let identifier = String(decoding: json[start..<start + byteCount], as: UTF8.self)
      guard let name = names[identifier] else { continue }
      renamed += json[end..<start - 1]
      renamed += quoted(name)
      end = start + byteCount + 1
    }
    return end == 0 ? json : renamed + json[end...]
  }

  /// Where a string begins that is an identifier: it has nothing that JSON escapes, so it stands there as it is, and a quote that
  /// belongs to a longer string has a backslash before it.
  private static func starts(in json: [UInt8]) -> [Int] {
    let prefix = Array(Self.prefix.utf8)
    var starts: [Int] = []
    var index = 0
    while let quote = json[index...].firstIndex(of: Self.quote) {
      let start = quote + 1
      index = start
      guard start + byteCount < json.count else { break }
      guard json[start..<start + prefix.count].elementsEqual(prefix), json[start + byteCount] == Self.quote,
        quote == 0 || json[quote - 1] != UInt8(ascii: "\\")
      else { continue }
      let digits = json[start + prefix.count..<start + byteCount]
      guard digits.allSatisfy({ isDigit($0) || $0 == UInt8(ascii: "-") }) else { continue }
      starts.append(start)
      index = start + byteCount + 1
    }
    return starts
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || UInt8(ascii: "a")...UInt8(ascii: "f") ~= byte
  }

  /// A string of JSON.
  private static func quoted(_ text: String) -> [UInt8] {
    var bytes = [quote]
    for byte in text.utf8 {
      switch byte {
      case quote, UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
      case 0..<0x20: bytes += Array("\\u00".utf8) + hexadecimal(byte)
      default: bytes.append(byte)
      }
    }
    return bytes + [quote]
  }

  private static func hexadecimal(_ byte: UInt8) -> [UInt8] {
    let digits = Array("0123456789abcdef".utf8)
    return [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
  }
}
