import Foundation

/// Runs a program to its end.
enum Command {
  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  /// Runs `ip` with the arguments; throws what it had to say when it failed. `input` goes to its standard input.
  static func ip(_ arguments: [String], input: String? = nil) async throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: ipPath())
    process.arguments = arguments
    let errors = Pipe()
    let feed = Pipe()
    process.standardError = errors
    process.standardOutput = FileHandle.nullDevice
    process.standardInput = input == nil ? FileHandle.nullDevice : feed
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
      process.terminationHandler = { _ in continuation.resume() }
      do {
        try process.run()
        if let input {
          try feed.fileHandleForWriting.write(contentsOf: Data(input.utf8))
          try feed.fileHandleForWriting.close()
        }
      } catch {
        process.terminationHandler = nil
        continuation.resume(throwing: error)
      }
    }
    guard process.terminationStatus == 0 else {
      let text = String(decoding: errors.fileHandleForReading.availableData, as: UTF8.self)
      throw Failure(description: "ip \(arguments.joined(separator: " ")): \(text)")
    }
  }

  static func ipPath() -> String {
    ["/usr/sbin/ip", "/sbin/ip", "/usr/bin/ip", "/bin/ip"].first { FileManager.default.isExecutableFile(atPath: $0) }
      ?? "/usr/sbin/ip"
  }
}
