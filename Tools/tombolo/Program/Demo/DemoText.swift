/// How the demo writes times, columns and bars.
enum DemoText {
  /// `12.3 s`.
  static func seconds(_ duration: Duration) -> String {
    let tenths = max(0, Int((duration / .milliseconds(100)).rounded(.down)))
    return "\(tenths / 10).\(tenths % 10) s"
  }

  /// `7 ms`, or seconds when it is long.
  static func short(_ duration: Duration) -> String {
    let milliseconds = max(0, Int((duration / .milliseconds(1)).rounded()))
    if milliseconds < 1 { return "less than 1 ms" }
    return milliseconds < 1_000 ? "\(milliseconds) ms" : seconds(duration)
  }

  /// `text` and spaces up to `width`; what is longer stays as it is, with one space behind it.
  static func column(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(1, width - text.count))
  }

  /// `text` with spaces before it, up to `width`.
  static func rightAligned(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }

  /// No longer than `width`; what is cut off is shown by three dots. Control characters, which would move the cursor,
  /// become spaces.
  static func fitted(_ text: String, to width: Int) -> String {
    let text = String(
      text.map { character in character.unicodeScalars.allSatisfy { $0.value >= 32 } ? character : " " })
    guard text.count > width else { return text }
    guard width > 3 else { return String(text.prefix(max(0, width))) }
    return text.prefix(width - 3) + "..."
  }

  /// `text` in lines no longer than `width`, broken between words, with `label` before the first.
  static func wrapped(_ text: String, label: String = "", labelWidth: Int = 0, width: Int) -> [String] {
    let indent = String(repeating: " ", count: labelWidth)
    var lines: [String] = []
    var line = labelWidth > 0 ? column(label, labelWidth) : ""
    var isEmpty = true
    for word in text.split(separator: " ") {
      if !isEmpty, line.count + 1 + word.count > width {
        lines.append(line)
        (line, isEmpty) = (indent, true)
      }
      line += (isEmpty ? "" : " ") + word
      isEmpty = false
    }
    return lines + [line]
  }

  /// `[#####.....]`: full only when everything is done.
  static func bar(_ done: Int, of total: Int, width: Int) -> String {
    let inside = max(1, width - 2)
    let share = total > 0 ? min(1, Double(done) / Double(total)) : 0
    let filled = min(Int(share * Double(inside)), inside)
    return "[" + String(repeating: "#", count: filled) + String(repeating: ".", count: inside - filled) + "]"
  }
}
