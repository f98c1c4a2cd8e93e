import ArgumentParser
import Foundation
import TomboloPorts
import UnixSignals

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// `tombolo demo`: an outage, live in the terminal.
struct DemoCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Shows an outage, live: a real server, a real store, real network loss.",
    discussion: """
      Starts a small server, delivers operations to it, takes it away, goes on working, restarts in the middle of the \
      outage, brings the server back, and compares what was accepted with what the server received. Nothing stays behind.

      Takes about half a minute. Exit status: 0 when everything arrived in order, 1 when it did not.
      """)

  @Flag(help: "Take a few seconds only.")
  var fast = false

  func run() async throws {
    let time = SystemTimeSource()
    let board = DemoBoard(time: time)
    let script = DemoScript(pace: fast ? .fast : .readable, board: board, time: time)
    guard let report = try await Self.play(script, on: Self.makeDisplay(), board: board, time: time) else {
      throw DemoError("the demo was interrupted; its folder is removed")
    }
    try DemoScreen.write("\n" + report.lines(width: DemoScreen.size().columns).joined(separator: "\n") + "\n")
    guard report.problems.isEmpty else {
      throw DemoError("the demo found that something is wrong: " + report.problems.joined(separator: "; "))
    }
  }

  private enum Ending {
    case finished(DemoReport)
    case interrupted
    case displayEnded
  }

  /// `nil` when a signal came first.
  private static func play(
    _ script: DemoScript, on display: any DemoDisplay, board: DemoBoard, time: any TimeSource
  ) async throws -> DemoReport? {
    let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup)
    return try await withThrowingTaskGroup(of: Ending.self) { group in
      group.addTask { .finished(try await script.run()) }
      group.addTask {
        for await _ in signals { return .interrupted }
        return .displayEnded
      }
      group.addTask {
        try await draw(board, on: display, time: time)
        return .displayEnded
      }
      let first = try await group.next()
      group.cancelAll()
      while let rest = await group.nextResult() {
        if case .failure(let error) = rest, !(error is CancellationError) { throw error }
      }
      guard case .finished(let report)? = first else { return nil }
      return report
    }
  }

  /// Shows the board ten times a second until it is cancelled, then once more.
  private static func draw(_ board: DemoBoard, on display: any DemoDisplay, time: any TimeSource) async throws {
    var display = display
    do {
      while !Task.isCancelled {
        try display.show(board.state)
        do { try await time.sleep(for: .milliseconds(100)) } catch is CancellationError { break }
      }
      try display.show(board.state)
    } catch {
      try display.end()
      throw error
    }
    try display.end()
  }

  /// A picture in a terminal that can move its cursor, lines anywhere else.
  private static func makeDisplay() -> any DemoDisplay {
    let environment = ProcessInfo.processInfo.environment
    guard isatty(STDOUT_FILENO) == 1, let terminal = environment["TERM"], terminal != "dumb" else { return DemoLines() }
    return DemoScreen(isColoured: (environment["NO_COLOR"] ?? "").isEmpty)
  }
}
