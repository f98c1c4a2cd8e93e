/// Percent-encoding of what stands in a URL (RFC 3986, section 2).
enum PercentEncoding {
  /// Leaves only what never needs it: letters, digits and `-._~`.
  static func component(_ text: String) -> String {
    var encoded = ""
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        encoded.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        let digits = String(byte, radix: 16, uppercase: true)
        encoded += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
      }
    }
    return encoded
  }

  /// `?name=value&…` of those that have a value; empty when none has.
  static func query(_ parameters: KeyValuePairs<String, String?>) -> String {
    let parts = parameters.compactMap { name, value in value.map { "\(name)=\(component($0))" } }
    return parts.isEmpty ? "" : "?" + parts.joined(separator: "&")
  }
}
