import Foundation
import TomboloAgent

/// JSON as text.
enum JSONText {
  /// With keys in alphabetical order, so that the same value is the same text.
  static func encode(_ value: some Encodable) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return Array(try encoder.encode(value))
  }

  /// An object with one more member at its end, whose value is taken over byte for byte.
  static func adding(_ name: String, value: [UInt8], to object: [UInt8]) -> [UInt8] {
    var text = object
    text.removeLast()
    if text.count > 1 { text.append(UInt8(ascii: ",")) }
    text += Array("\"\(name)\":".utf8)
    text += value
    text.append(UInt8(ascii: "}"))
    return text
  }

  /// A value of the agent's interface. Its types are made from JSON, and so is what stands for them without an agent.
  static func convert<Value: Decodable>(_ json: WireJSON) throws -> Value {
    try JSONDecoder().decode(Value.self, from: Data(encode(json)))
  }

  /// Where the value of a member of the outermost object stands in `text`, which is known to be JSON.
  static func range(of name: String, in text: [UInt8]) -> Range<Int>? {
    let wanted = Array("\"\(name)\"".utf8)
    var depth = 0
    var position = 0
    var valueStart: Int?
    while position < text.count {
      switch text[position] {
      case UInt8(ascii: "\""):
        let start = position
        position += 1
        while position < text.count, text[position] != UInt8(ascii: "\"") {
          position += text[position] == UInt8(ascii: "\\") ? 2 : 1
        }
        let end = min(position + 1, text.count)
        if depth == 1, valueStart == nil, end < text.count, text[end] == UInt8(ascii: ":"),
          text[start..<end].elementsEqual(wanted)
        {
          valueStart = end + 1
          position = end
        }
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        depth -= 1
        if depth == 0, let valueStart { return valueStart..<position }
      case UInt8(ascii: ","): if depth == 1, let valueStart { return valueStart..<position }
      default: break
      }
      position += 1
    }
    return nil
  }
}
