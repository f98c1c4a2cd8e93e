import Foundation

/// This program once more, as a process of its own, so that its memory and its processor time are told apart from those of whoever
/// measures. It is spoken with by lines.
final class OtherProcess {
  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()
  private let exit: AsyncStream<Int32>
  private var unread = Data()

  init(_ task: BenchChildCommand.Work, _ arguments: [String], settings: BenchmarkSettings) throws {
    guard let program = settings.program ?? Bundle.main.executableURL?.path else {
      throw BenchmarkError("the program does not know where it is, and cannot be started once more")
    }
    process.executableURL = URL(filePath: program)
    process.arguments = ["bench", "child", task.rawValue] + arguments
    process.standardInput = input
    process.standardOutput = output
    let (stream, continuation) = AsyncStream<Int32>.makeStream()
    process.terminationHandler = { process in
      continuation.yield(process.terminationStatus)
      continuation.finish()
    }
    exit = stream
    _ = try Leftovers.shared.start(process)
  }

  deinit {
    if process.isRunning { process.terminate() }
    Leftovers.shared.forget(.process(process.processIdentifier))
  }

  /// The next line of its output; blocks until it is there.
  func line() throws -> String {
    while true {
      if let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
        defer { unread = Data(unread[(end + 1)...]) }
        return String(decoding: unread[..<end], as: UTF8.self)
      }
      let more = output.fileHandleForReading.availableData
      if more.isEmpty { throw BenchmarkError("a process that was started to be measured ended without a word") }
      unread.append(more)
    }
  }

  /// Sends an empty line and answers with the line that comes back.
  func ask() throws -> String {
    try input.fileHandleForWriting.write(contentsOf: Data("\n".utf8))
    return try line()
  }

  /// Ends its input, and waits until it has ended.
  func finish() async throws {
    try input.fileHandleForWriting.close()
    for await status in exit where status != 0 {
      throw BenchmarkError("a process that was started to be measured ended with status \(status)")
    }
  }

  /// Starts one, and gives what it reports before it ends.
  static func report(
    _ task: BenchChildCommand.Work, _ arguments: [String], settings: BenchmarkSettings
  ) async throws -> ChildReport {
    let process = try OtherProcess(task, arguments, settings: settings)
    let report = try JSONDecoder().decode(ChildReport.self, from: Data(try process.line().utf8))
    try await process.finish()
    return report
  }
}
