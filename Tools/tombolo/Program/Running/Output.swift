import Foundation

/// Writes to the terminal at once, also into a pipe, where a buffer would keep a line back until it is full.
enum Output {
  /// A line, or several, on standard output.
  static func line(_ text: String) {
    write(text + "\n", to: .standardOutput)
  }

  /// Bytes as they are, and a line break, on standard output.
  static func line(bytes: [UInt8]) {
    write(Data(bytes + [0x0A]), to: .standardOutput)
  }

  /// A line, or several, on standard error.
  static func error(_ text: String) {
    write(text + "\n", to: .standardError)
  }

  /// Text as it is, on standard error.
  static func errorText(_ text: String) {
    write(text, to: .standardError)
  }

  /// A line of the log, on standard error. A log that nobody takes any more does not end the program.
  static func log(_ text: String) {
    do {
      try FileHandle.standardError.write(contentsOf: Data((text + "\n").utf8))
    } catch {
      // There is no other place to tell it.
      return
    }
  }

  private static func write(_ text: String, to file: FileHandle) {
    write(Data(text.utf8), to: file)
  }

  private static func write(_ data: Data, to file: FileHandle) {
    do {
      try file.write(contentsOf: data)
    } catch {
      // Whoever read this has gone away (`tombolo list | head`), or the disk behind it is full: there is nobody to tell.
      exit(ExitReport.failed)
    }
  }
}
