import Foundation

/// A program of this package as a process of its own, with its output line by line.
final class RunningProgram: Sendable {
  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  let processID: pid_t
  private let exit: AsyncStream<Int32>
  private let output: LineReader
  private let errorOutput: LineReader

  /// Starts `name` from where this test was built, or with an absolute path the program there.
  ///
  /// - Parameters:
  ///   - outputFile: Takes the standard output, where it is more than a test should hold; `line` and `rest` then see none of it.
  ///   - wrapper: A program, with its arguments, that runs it in a way of its own.
  init(
    _ name: String, _ arguments: [String], environment: [String: String] = [:], folder: URL? = nil,
    outputFile: URL? = nil, wrapper: [String] = []
  ) throws {
    let process = Process()
    let built = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: name)
    let words = wrapper + [name.hasPrefix("/") ? name : built.path] + arguments
    process.executableURL = URL(filePath: words[0])
    process.arguments = Array(words.dropFirst())
    var variables = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("TOMBOLO_") }
    variables.merge(environment) { _, new in new }
    process.environment = variables
    if let folder { process.currentDirectoryURL = folder }
    let standardError = Pipe()
    process.standardError = standardError
    var outputPipe: Pipe?
    if let outputFile {
      try Data().write(to: outputFile)
      process.standardOutput = try FileHandle(forWritingTo: outputFile)
      output = LineReader()
    } else {
      let pipe = Pipe()
      process.standardOutput = pipe
      outputPipe = pipe
      output = LineReader(pipe.fileHandleForReading)
    }
    process.standardInput = FileHandle.nullDevice
    let (stream, continuation) = AsyncStream<Int32>.makeStream()
    process.terminationHandler = { process in
      continuation.yield(process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus)
      continuation.finish()
    }
    errorOutput = LineReader(standardError.fileHandleForReading)
    exit = stream
    try process.run()
    // Else the end of the output never comes.
    try standardError.fileHandleForWriting.close()
    try outputPipe?.fileHandleForWriting.close()
    processID = process.processIdentifier
  }

  /// The next line of standard output that `isWanted`; the rest is read on the way.
  func line(where isWanted: (String) -> Bool) async throws -> String {
    while let line = await output.next() {
      if isWanted(line) { return line }
    }
    throw Failure(description: "the program ended before the wanted line; its errors: \(await rest().errors)")
  }

  /// The next line of standard error that `isWanted`; `nil` when the program ended before.
  func errorLine(where isWanted: (String) -> Bool) async -> String? {
    while let line = await errorOutput.next() {
      if isWanted(line) { return line }
    }
    return nil
  }

  /// Where it listens, once it does.
  func listeningURL() async throws -> String {
    let line = try await line { $0.contains("listening on http://") }
    guard let start = line.firstRange(of: "http://") else { return line }
    return String(line[start.lowerBound...].prefix { !$0.isWhitespace })
  }

  func signal(_ number: Int32) {
    kill(processID, number)
  }

  /// Waits for the end: the exit status, or the negative number of the signal that ended it.
  func waitForExit() async -> Int32 {
    for await status in exit { return status }
    return .min
  }

  /// Kills it as a power cut would, and waits until it is gone.
  func killAndWait() async {
    signal(SIGKILL)
    _ = await waitForExit()
  }

  /// What is left of both outputs, up to the end of the program.
  func rest() async -> (output: String, errors: String) {
    async let lines = output.rest()
    async let errors = errorOutput.rest()
    return (await lines.joined(separator: "\n"), await errors.joined(separator: "\n"))
  }

  /// Runs a program to its end.
  static func run(
    _ name: String, _ arguments: [String], environment: [String: String] = [:], folder: URL? = nil,
    outputFile: URL? = nil, wrapper: [String] = []
  ) async throws -> (status: Int32, output: String, errors: String) {
    let program = try RunningProgram(
      name, arguments, environment: environment, folder: folder, outputFile: outputFile, wrapper: wrapper)
    let (output, errors) = await program.rest()
    return (await program.waitForExit(), output, errors)
  }
}

/// Reads a pipe line by line, whoever asks when.
///
/// A thread of its own reads it, with calls that block. `readabilityHandler` would lose the end now and then: the source behind
/// it is cancelled later than the handle closes its descriptor, the next pipe gets the same number, and the cancellation takes
/// that one's events away.
private actor LineReader {
  private let lines: AsyncStream<String>

  /// There is nothing to read.
  init() { lines = AsyncStream { $0.finish() } }

  init(_ handle: FileHandle) {
    let (stream, continuation) = AsyncStream<String>.makeStream()
    lines = stream
    Thread.detachNewThread {
      var unfinished: [UInt8] = []
      var chunk = [UInt8](repeating: 0, count: 64 * 1_024)
      while true {
        let count = read(handle.fileDescriptor, &chunk, chunk.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { break }
        unfinished += chunk[..<count]
        guard let end = unfinished.lastIndex(of: 0x0A) else { continue }
        for line in unfinished[..<end].split(separator: 0x0A, omittingEmptySubsequences: false) {
          continuation.yield(String(decoding: line, as: UTF8.self))
        }
        unfinished.removeSubrange(...end)
      }
      if !unfinished.isEmpty { continuation.yield(String(decoding: unfinished, as: UTF8.self)) }
      // Foundation keeps a process that has ended, and its pipes with it: hundreds of programs would be hundreds of open files.
      handle.closeFile()
      continuation.finish()
    }
  }

  /// All iterators of a stream share its elements, so a fresh one goes on where the last one ended.
  func next() async -> String? {
    var iterator = lines.makeAsyncIterator()
    return await iterator.next()
  }

  func rest() async -> [String] {
    var all: [String] = []
    for await line in lines { all.append(line) }
    return all
  }
}
