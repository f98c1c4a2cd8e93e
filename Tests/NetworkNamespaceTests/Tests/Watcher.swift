import Foundation
import Testing
import TomboloTesting

/// A `network-watch` that runs inside a namespace, and what it tells.
final class Watcher {
  /// One line of it.
  struct Report: Decodable, Sendable {
    var uptimeMilliseconds: Int
    var reach: String?
    var interfaces: [String]?
    var condition: String?
    var evidence: [String]?
    var descriptors: Int?
    var sourceThreads: Int?
    var threads: Int?
    var listening: Bool?
    var unknown: String?
    /// A line that is no report.
    var unreadable: String?
  }

  struct Ended: Error, CustomStringConvertible {
    var description: String
  }

  /// Longer than any report takes on a busy machine, and shorter than the minute after which a probe would be asked although nothing
  /// was told.
  static let patienceMilliseconds = 45_000

  private let process = Process()
  private var reports: AsyncStream<Report>.Iterator
  private var seen: [Report] = []
  private var timelyCount = 0
  private var late: [String] = []

  /// - Parameters:
  ///   - program: another program of the build whose lines are wanted; they are `unreadable`.
  ///   - wrapper: a program, with its arguments, that runs the watcher in a way of its own.
  init(
    in namespace: NetworkNamespace, _ arguments: String, program: String = "network-watch", wrapper: [String] = []
  ) throws {
    process.executableURL = URL(fileURLWithPath: Command.ipPath())
    process.arguments =
      ["netns", "exec", namespace.name] + wrapper + [Self.path(of: program)]
      + arguments.split(separator: " ").map(String.init)
    let output = Pipe()
    process.standardOutput = output
    process.standardInput = FileHandle.nullDevice
    let (stream, continuation) = AsyncStream.makeStream(of: Report.self)
    reports = stream.makeAsyncIterator()
    PipeLines.read(
      output.fileHandleForReading,
      line: { line in
        do { continuation.yield(try JSONDecoder().decode(Report.self, from: line)) } catch {
          continuation.yield(Report(uptimeMilliseconds: 0, unreadable: String(decoding: line, as: UTF8.self)))
        }
      }, end: { continuation.finish() })
    try process.run()
    // Else the end of the output never comes.
    try output.fileHandleForWriting.close()
  }

  deinit {
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
  }

  /// Ends the program, and returns when it is gone and its port free.
  func stop() {
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
  }

  /// The first report, of those not yet looked at, that is wanted.
  func next(_ isWanted: (Report) -> Bool) async throws -> Report {
    while let report = await reports.next() {
      seen.append(report)
      if isWanted(report) { return report }
    }
    throw Ended(description: "the program ended, or time was up; it told \(seen.suffix(5))")
  }

  func next(reach: String) async throws -> Report {
    try await next { $0.reach == reach }
  }

  func next(condition: String) async throws -> Report {
    try await next { $0.condition == condition }
  }

  /// Changes the network, expects the report that follows, and prints how long it took. The rows are gathered by
  /// `Tools/Benchmarks/network-events`.
  ///
  /// Most of the reports come within the limit. Single ones may be late: a busy machine holds up this process, `ip` and the
  /// watcher for longer than any of them takes.
  @discardableResult
  func expect(
    _ expected: String, _ event: String, within limitMilliseconds: Int,
    _ location: SourceLocation = #_sourceLocation, after change: () async throws -> Void
  ) async throws -> Report {
    let start = uptimeMilliseconds()
    try await change()
    let report = try await next { ($0.reach ?? $0.condition) == expected }
    let milliseconds = report.uptimeMilliseconds - start
    print("| \(event) | \(expected) | \(milliseconds) ms | \(report.evidence?.first ?? "") |")
    expect(milliseconds, event, within: limitMilliseconds, location)
    return report
  }

  /// The same for what took so long.
  func expect(
    _ milliseconds: Int, _ event: String, within limitMilliseconds: Int,
    _ location: SourceLocation = #_sourceLocation
  ) {
    #expect(milliseconds < Self.patienceMilliseconds, "\(event)", sourceLocation: location)
    if milliseconds < limitMilliseconds {
      timelyCount += 1
    } else {
      late.append("\(event): \(milliseconds) ms, not \(limitMilliseconds) ms")
    }
    let lateMaximum = max(3, (timelyCount + late.count) / 3)
    #expect(late.count <= lateMaximum, "too many come late: \(late)", sourceLocation: location)
  }

  /// Beside the tests, where the build puts programs.
  private static func path(of program: String) -> String {
    URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appendingPathComponent(program).path
  }
}

/// The clock of the reports.
func uptimeMilliseconds() -> Int {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return time.tv_sec * 1_000 + time.tv_nsec / 1_000_000
}
