import TomboloPorts

/// Shows a `FileStore`'s journal to a person: one JSON object a line, in the order things were written.
public enum FileStoreDump {
  /// Calls `line` with every line. Reads only; a damaged store is shown as far as it is intact, and its gaps are lines too.
  ///
  ///     {"segment":1,"offset":64,"sequence":2,"kind":"batch","revision":1099511627777,"key":"a","value":"hello"}
  ///     {"segment":1,"offset":128,"sequence":3,"kind":"batch","deleted":"a"}
  ///     {"segment":1,"offset":176,"kind":"gap","byteCount":40,"reason":"…"}
  ///
  /// The line of a gap has `records` when the keys it was about can still be read, and a file that is missing is a gap of no
  /// length. What is not printable text is given as `keyBase64`, `deletedBase64` and `valueBase64`. `kind` is `batch`, `relocation` (a
  /// record copied so that an old file can go), `mark` (a new opening, or a file given up) or `gap`.
  ///
  /// - Parameters:
  ///   - path: The store's folder. The store may be open elsewhere; its newest commits may then be missing.
  ///   - line: Called in order, without a line end. What it throws ends the dump.
  /// - Throws: `StoreError` when a file cannot be read.
  public static func dump(path: String, line: @Sendable (String) throws -> Void) async throws {
    let inspector = try FolderInspector(folder: path)
    try await inspector.run { inspector in
      var expected: UInt64?
      var first: UInt64?
      var front: UInt64 = 0
      try inspector.forEachSegment { _, number, salvage in
        if let expected { try tellMissing(expected..<max(expected, number), line) }
        expected = number + 1
        first = first ?? number
        front = salvage.frames.reduce(max(front, salvage.scan.header.front)) { max($0, $1.mark?.front ?? 0) }
        var lines: [(offset: Int, text: String)] = []
        for frame in salvage.frames {
          for text in text(of: frame, number: number, scan: salvage.scan) { lines.append((frame.offset, text)) }
        }
        for gap in salvage.gaps { lines.append((gap.offset, text(of: gap, number: number))) }
        // Stable: the lines of one frame share its offset and are in order already.
        lines.sort { $0.offset < $1.offset }
        for entry in lines { try line(entry.text) }
      }
      // Only the newest frames tell where the journal begins.
      if let first, front < first { try tellMissing(max(1, front)..<first, line) }
    }
  }

  /// A few names are enough to tell; a number from a damaged place could be anything.
  private static func tellMissing(_ numbers: Range<UInt64>, _ line: (String) throws -> Void) throws {
    for number in numbers.prefix(16) {
      let gap = SegmentSalvage.Gap(offset: 0, byteCount: 0, reason: "the file is missing")
      try line(text(of: gap, number: number))
    }
  }

  private static func text(of gap: SegmentSalvage.Gap, number: UInt64) -> String {
    let keys = gap.keys.map { "{\(JSONText.member("key", $0.bytes))}" }.joined(separator: ",")
    return "{\"segment\":\(number),\"offset\":\(gap.offset),\"kind\":\"gap\",\"byteCount\":\(gap.byteCount),"
      + "\"reason\":\(JSONText.quoted(gap.reason))\(keys.isEmpty ? "" : ",\"records\":[\(keys)]")}"
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
