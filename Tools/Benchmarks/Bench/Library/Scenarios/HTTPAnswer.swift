/// The status of an HTTP answer that is complete.
struct HTTPAnswer {
  var status: Int

  /// `nil` while bytes are missing. Understands answers with a `Content-Length`, as the agent gives them, and takes one without for empty.
  init?(_ bytes: [UInt8]) {
    guard let end = bytes.indices.first(where: { bytes[$0...].starts(with: "\r\n\r\n".utf8) }) else { return nil }
    let lines = String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\r\n")
    var length = 0
    for line in lines {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2, parts[0].lowercased() == "content-length" else { continue }
      length = Int(parts[1].drop { $0 == " " }) ?? 0
    }
    guard bytes.count >= end + 4 + length else { return nil }
    let words = lines.first?.split(separator: " ") ?? []
    status = words.count > 1 ? Int(words[1]) ?? 0 : 0
  }
}
