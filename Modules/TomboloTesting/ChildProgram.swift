#if !os(iOS) && !os(tvOS) && !os(watchOS) && !os(visionOS)
  // First, so that the C types of other files are Glibc's: Foundation brings them in under another name.
  #if canImport(Glibc)
    import Glibc
  #endif
  import Foundation

  /// Another program, running, whose output is read line by line as it comes.
  ///
  ///     let server = try ChildProgram(ChildProgram.built("example-preferences-server"), [folder])
  ///     let first = await server.nextLine()
  ///     server.kill()
  package final class ChildProgram: Sendable {
    /// The most lines kept for a reader who is behind; the oldest go first.
    package static let lineCountMaximum = 10_000

    /// What it prints, to be read by one reader at a time; ends with the program.
    package let lines: AsyncStream<String>
    private let process = Process()
    private let ends: AsyncStream<Void>

    /// Starts the program at this path.
    package init(_ path: String, _ arguments: [String]) throws {
      let (lines, line) = AsyncStream.makeStream(
        of: String.self, bufferingPolicy: .bufferingNewest(Self.lineCountMaximum))
      let (ends, end) = AsyncStream<Void>.makeStream()
      (self.lines, self.ends) = (lines, ends)
      let output = Pipe()
      process.executableURL = URL(filePath: path)
      process.arguments = arguments
      process.standardOutput = output
      process.terminationHandler = { _ in end.finish() }
      PipeLines.read(
        output.fileHandleForReading, line: { line.yield(String(decoding: $0, as: UTF8.self)) }, end: { line.finish() })
      try process.run()
      // Else the end of the output never comes.
      try output.fileHandleForWriting.close()
    }

    /// The next line; `nil` when it has ended and all was read.
    package func nextLine() async -> String? {
      for await line in lines { return line }
      return nil
    }

    /// Ends it as a crash would, and returns when it is gone.
    package func kill() {
      // Once it has ended its identifier may be another's.
      if process.isRunning { _ = Foundation.kill(process.processIdentifier, SIGKILL) }
      process.waitUntilExit()
    }

    /// Waits for its end, and answers with its exit status.
    package func status() async -> Int32 {
      for await _ in ends {}
      return process.terminationStatus
    }

    deinit {
      if process.isRunning { process.terminate() }
    }

    /// The path of a program of this package, which is built beside the running one or the running tests.
    package static func built(_ name: String) -> String {
      URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
        .appending(path: name).path
    }
  }
#endif
