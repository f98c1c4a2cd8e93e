import Foundation

@testable import storage_load

/// A running `storage-load`, whose output is read as it comes.
final class LoadProcess {
  private let process = Process()
  private let output = Pipe()
  private let ends: AsyncStream<Void>
  private var unread = Data()
  private var isAtEnd = false

  /// Starts it, under `tracer` when one is given.
  init(_ arguments: [String], under tracer: [String] = []) throws {
    let (ends, end) = AsyncStream<Void>.makeStream()
    self.ends = ends
    // Beside the bundle of the tests.
    let folder = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
    let command = tracer + [folder.appendingPathComponent("storage-load").path] + arguments
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = command
    process.standardOutput = output
    process.terminationHandler = { _ in end.finish() }
    try process.run()
  }

  var identifier: Int32 { process.processIdentifier }

  /// The next line, or `nil` at the end of the output.
  func line() async -> Substring? {
    while true {
      if let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
        let line = String(decoding: unread[..<end], as: UTF8.self)
        unread = Data(unread[unread.index(after: end)...])
        return line[...]
      }
      if isAtEnd { return nil }
      let more = await Self.nextData(of: output.fileHandleForReading)
      unread.append(more)
      guard more.isEmpty else { continue }
      isAtEnd = true
      // Foundation keeps a process that has ended, and its pipe with it. With some 1,300 open files its `run` crashes.
      output.fileHandleForReading.closeFile()
    }
  }

  /// What comes next, once something does; empty at the end. A thread of its own waits for it: those of Swift's pool are as few as the
  /// machine has cores, and other tests need them.
  private static func nextData(of handle: FileHandle) async -> Data {
    await withCheckedContinuation { continuation in
      Thread.detachNewThread { continuation.resume(returning: handle.availableData) }
    }
  }

  /// Lines it has written by now, whether they were read or not: what comes after them it writes later.
  func linesSoFar() async -> [Substring] {
    guard !isAtEnd else { return [] }
    var byteCount: CInt = 0
    _ = ioctl(output.fileHandleForReading.fileDescriptor, UInt(FIONREAD), &byteCount)
    if byteCount > 0 { unread.append(output.fileHandleForReading.readData(ofLength: Int(byteCount))) }
    var lines: [Substring] = []
    while unread.contains(UInt8(ascii: "\n")), let line = await line() { lines.append(line) }
    return lines
  }

  /// Ends it as a power switch would, and waits until it is gone. Answers whether it ran until then.
  @discardableResult
  func kill() async -> Bool {
    _ = Foundation.kill(process.processIdentifier, SIGKILL)
    for await _ in ends {}
    return process.terminationReason == .uncaughtSignal && process.terminationStatus == SIGKILL
  }

  /// Waits for its end and answers with its exit status.
  func finish() async -> Int32 {
    while await line() != nil {}
    for await _ in ends {}
    return process.terminationStatus
  }
}
