import TomboloPorts

/// Shows a `FileStore`'s journal to a person: one JSON object a line, in the order things were written.
public enum FileStoreDump {
  /// Calls `line` with every line. Reads only; a damaged store is shown as far as it is intact, and its gaps are lines too.
  ///
  ///     {"segment":1,"offset":64,"sequence":2,"kind":"batch","revision":1099511627777,"key":"a","value":"hello"}
  ///     {"segment":1,"offset":128,"sequence":3,"kind":"batch","deleted":"a"}
  ///     {"segment":1,"offset":176,"kind":"gap","byteCount":40,"reason":"…"}
  ///
  /// What is not printable text is given as `keyBase64`, `deletedBase64` and `valueBase64`. `kind` is `batch`, `relocation` (a
  /// record copied so that an old file can go), `mark` (a new opening, or a file given up) or `gap`.
  ///
  /// - Parameters:
  ///   - path: The store's folder. The store may be open elsewhere; its newest commits may then be missing.
  ///   - line: Called in order, without a line end. What it throws ends the dump.
  /// - Throws: `StoreError` when a file cannot be read.
  public static func dump(path: String, line: @Sendable (String) throws -> Void) async throws {
    let inspector = try FolderInspector(folder: path)
    try await inspector.run { inspector in
      try inspector.forEachSegment { _, number, salvage in
        var lines: [(offset: Int, text: String)] = []
        for frame in salvage.frames {
          for text in text(of: frame, number: number, scan: salvage.scan) { lines.append((frame.offset, text)) }
        }
        for gap in salvage.gaps {
          let text =
            "{\"segment\":\(number),\"offset\":\(gap.offset),\"kind\":\"gap\",\"byteCount\":\(gap.byteCount),"
            + "\"reason\":\(JSONText.quoted(gap.reason))}"
          lines.append((gap.offset, text))
        }
        // Stable: the lines of one frame share its offset and are in order already.
        lines.sort { $0.offset < $1.offset }
        for entry in lines { try line(entry.text) }
      }
    }
  }

  private static func text(of frame: SegmentScan.Frame, number: UInt64, scan: SegmentScan) -> [String] {
    let head =
      "{\"segment\":\(number),\"offset\":\(frame.offset),\"sequence\":\(frame.header.sequence),\"kind\":\"\(frame.header.kind)\""
    if let mark = frame.mark { return ["\(head),\"epoch\":\(mark.epoch),\"oldestSegment\":\(mark.front)}"] }
    return frame.entries.map { entry in
      guard let value = entry.value else { return "\(head),\(JSONText.member("deleted", entry.key.bytes))}" }
      let start = frame.valuesOffset + value.offset
      let bytes = Array(scan.bytes[start..<start + value.byteCount])
      return
        "\(head),\"revision\":\(value.revision),\(JSONText.member("key", entry.key.bytes)),"
        + "\(JSONText.member("value", bytes))}"
    }
  }
}
