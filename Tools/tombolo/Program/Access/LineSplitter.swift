/// Cuts what comes in parts into lines.
struct LineSplitter {
  /// No line is longer.
  let byteCountMaximum: Int
  private var rest: [UInt8] = []

  init(byteCountMaximum: Int) {
    self.byteCountMaximum = byteCountMaximum
  }

  /// The lines that are complete now, without their ends. Throws when one grows beyond the limit.
  mutating func add(_ bytes: some Sequence<UInt8>) throws -> [[UInt8]] {
    var lines: [[UInt8]] = []
    for byte in bytes {
      if byte == UInt8(ascii: "\n") {
        lines.append(rest)
        rest = []
      } else {
        guard rest.count < byteCountMaximum else {
          throw CommandError(
            .failed, "the agent sent a line longer than \(byteCountMaximum) bytes: is it a tombolo agent?")
        }
        rest.append(byte)
      }
    }
    return lines
  }
}
