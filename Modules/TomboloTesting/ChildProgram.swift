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
      let cutter = LineCutter()
      process.executableURL = URL(filePath: path)
      process.arguments = arguments
      process.standardOutput = output
      process.terminationHandler = { _ in end.finish() }
      output.fileHandleForReading.readabilityHandler = { handle in
        let data = handle.availableData
        guard !data.isEmpty else {
          handle.readabilityHandler = nil
          line.finish()
          return
        }
        for complete in cutter.lines(adding: data) { line.yield(complete) }
      }
      try process.run()
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

  /// Bytes as they come, cut into lines.
  // Safety: only the one reading queue of a pipe calls `lines(adding:)`.
  private final class LineCutter: @unchecked Sendable {
    private var rest = Data()

    func lines(adding data: Data) -> [String] {
      rest.append(data)
      var lines: [String] = []
      while let end = rest.firstIndex(of: 0x0A) {
        lines.append(String(decoding: rest[rest.startIndex..<end], as: UTF8.self))
        rest = Data(rest[(end + 1)...])
      }
      return lines
    }
  }
#endif
