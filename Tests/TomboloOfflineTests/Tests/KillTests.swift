import FileStorage
import Foundation
import Testing
import TomboloPorts
import TomboloQueue
import TomboloTesting

@testable import TomboloOffline

/// One at a time: side by side on few processors a process is nearly always killed right after it told a number, and a break in the
/// middle is not found.
@Suite("A process that is killed", .serialized, .timeLimit(.minutes(10)))
struct KillTests {
  /// 200 at night.
  static let rounds = 1...(ProcessInfo.processInfo.environment["TOMBOLO_NIGHTLY"] == nil ? 12 : 200)

  @Test("never leaves a change without its operation, or an operation without its change", arguments: rounds)
  func kill(_ round: Int) async throws {
    try await TemporaryFolder.with { folder in
      let path = "\(folder.path)/store"
      let told = try await LoadProgram.killed([path], after: 5 * (round % 12 + 1), round: round % 40) { _ in true }
      let lastDurable = try #require(told.last.flatMap { Int($0) })
      let store = try await FileStore(path: path, durability: .full)
      let offline = try await OfflineStore.open(store: store)
      let operations = Set(try await everyOperation(in: offline.queue).map(\.idempotencyKey))
      let pending = try await storedRecords(in: store).flatMap(\.pending).map(\.id)
      #expect(Set(pending) == operations)
      #expect(pending.count == operations.count)
      for number in 1...lastDurable { #expect(operations.contains("edit-\(number)")) }
      try await store.close()
    }
  }
}

/// The program `offline-load`.
enum LoadProgram {
  /// Kills it a moment after it printed `count` lines that `counts`; answers with all it printed.
  static func killed(
    _ arguments: [String], after count: Int, round: Int, _ counts: (Substring) -> Bool
  ) async throws -> [String] {
    let (process, output, ends) = try start(arguments)
    var text = ""
    while text.split(separator: "\n").count(where: counts) < count {
      let more = output.fileHandleForReading.availableData
      if more.isEmpty { break }
      text += String(decoding: more, as: UTF8.self)
    }
    // Straight after a line the process is always at the same point: go on for a part of what a commit takes.
    let moment = ContinuousClock().now.advanced(by: .microseconds(150 * round))
    while ContinuousClock().now < moment {}
    _ = Foundation.kill(process.processIdentifier, SIGKILL)
    for await _ in ends {}
    text += String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    let complete = text.prefix(upTo: text.lastIndex(of: "\n") ?? text.startIndex)
    return complete.split(separator: "\n").map(String.init)
  }

  /// All that it prints until it ends by itself.
  static func output(_ arguments: [String]) async throws -> [String] {
    let (process, output, ends) = try start(arguments)
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    for await _ in ends {}
    #expect(process.terminationStatus == 0)
    return text.split(separator: "\n").map(String.init)
  }

  private static func start(_ arguments: [String]) throws -> (Process, output: Pipe, ends: AsyncStream<Void>) {
    let (process, output) = (Process(), Pipe())
    let (ends, end) = AsyncStream<Void>.makeStream()
    process.executableURL = URL(filePath: ChildProgram.built("offline-load"))
    process.arguments = arguments
    process.standardOutput = output
    process.terminationHandler = { _ in end.finish() }
    try process.run()
    return (process, output, ends)
  }
}

/// Every operation that a queue holds.
func everyOperation(in queue: SyncQueue) async throws -> [SyncOperation] {
  var operations: [SyncOperation] = []
  var cursor: OperationID?
  repeat {
    let page = try await queue.list(after: cursor, limit: 1_000)
    operations += page.snapshots.map(\.operation)
    cursor = page.cursor
  } while cursor != nil
  return operations
}
