/// Names of headers, which differ in their case and mean the same.
package enum HeaderName {
  /// In lower case, for comparing names: ASCII only, as names are.
  package static func folded(_ name: String) -> String {
    String(decoding: name.utf8.map { (0x41...0x5A).contains($0) ? $0 + 0x20 : $0 }, as: UTF8.self)
  }
}
