import FileStorage
import Foundation
import Testing
import TomboloPorts
import TomboloQueue
import TomboloTesting

@testable import TomboloOffline

@Suite("A process that is killed")
struct KillTests {
  @Test("never leaves a change without its operation, or an operation without its change", arguments: 1...12)
  func kill(_ round: Int) async throws {
    try await TemporaryFolder.with { folder in
      let path = "\(folder.path)/store"
      let lastDurable = try await writeUntilKilled(path, after: 5 * round, round: round)
      let store = try await FileStore(path: path, durability: .full)
      let offline = try await OfflineStore.open(store: store)
      var operations: Set<String> = []
      var cursor: OperationID?
      repeat {
        let page = try await offline.queue.list(after: cursor, limit: 1_000)
        operations.formUnion(page.snapshots.map(\.operation.idempotencyKey))
        cursor = page.cursor
      } while cursor != nil
      let pending = try await storedRecords(in: store).flatMap(\.pending).map(\.id)
      #expect(Set(pending) == operations)
      #expect(pending.count == operations.count)
      for number in 1...lastDurable { #expect(operations.contains("edit-\(number)")) }
      try await store.close()
    }
  }

  /// Answers with the number of the last edit that the process said was durable.
  private func writeUntilKilled(_ path: String, after count: Int, round: Int) async throws -> Int {
    let process = Process()
    let output = Pipe()
    let (ends, end) = AsyncStream<Void>.makeStream()
    let folder = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
    process.executableURL = folder.appendingPathComponent("offline-load")
    process.arguments = [path]
    process.standardOutput = output
    process.terminationHandler = { _ in end.finish() }
    try process.run()
    var text = ""
    while text.split(separator: "\n").count < count {
      let more = output.fileHandleForReading.availableData
      if more.isEmpty { break }
      text += String(decoding: more, as: UTF8.self)
    }
    // Straight after a line the process is always at the same point: go on for a part of what a write takes.
    let moment = ContinuousClock().now.advanced(by: .microseconds(150 * round))
    while ContinuousClock().now < moment {}
    _ = Foundation.kill(process.processIdentifier, SIGKILL)
    for await _ in ends {}
    text += String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    let complete = text.prefix(upTo: text.lastIndex(of: "\n") ?? text.startIndex)
    return try #require(complete.split(separator: "\n").last.flatMap { Int($0) })
  }
}
