import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Shows the demo, wherever standard output goes.
protocol DemoDisplay: Sendable {
  /// Shows this state.
  mutating func show(_ state: DemoState) throws
  /// Leaves the terminal as it was. Shows nothing more.
  mutating func end() throws
}

/// Draws over itself in a terminal.
struct DemoScreen: DemoDisplay {
  private static let escape = "\u{1B}["
  let isColoured: Bool
  private var drawnLineCount = 0

  init(isColoured: Bool) { self.isColoured = isColoured }

  mutating func show(_ state: DemoState) throws {
    let size = Self.size()
    // The last column and the last line stay free: writing there would scroll or wrap.
    let lines = DemoFrame.lines(state, width: max(20, size.columns - 1), height: max(6, size.rows - 1))
    var text = Self.escape + "?25l"
    if drawnLineCount > 0 { text += Self.escape + "\(min(drawnLineCount, size.rows - 1))A" }
    for line in lines { text += "\r" + styled(line) + Self.escape + "K\n" }
    text += Self.escape + "J"
    drawnLineCount = lines.count
    try Self.write(text)
  }

  mutating func end() throws {
    try Self.write(Self.escape + "?25h")
  }

  private func styled(_ line: DemoFrame.Line) -> String {
    guard isColoured else { return line.text }
    let code: String
    switch line.tone {
    case .plain: return line.text
    case .title: code = "1"
    case .good: code = "32"
    case .bad: code = "33"
    case .quiet: code = "2"
    }
    return Self.escape + code + "m" + line.text + Self.escape + "0m"
  }

  /// Of the terminal; a usual one when there is none.
  static func size() -> (columns: Int, rows: Int) {
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else { return (80, 24) }
    return (Int(size.ws_col), Int(size.ws_row))
  }

  /// Writes to standard output at once.
  static func write(_ text: String) throws {
    do {
      try FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
    } catch {
      throw DemoError(
        "the demo cannot write to standard output, and ends: its reader has gone away, or the disk is full")
    }
  }
}
