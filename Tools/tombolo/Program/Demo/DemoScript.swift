import ExampleUpstream
import Foundation
import TomboloPorts
import TomboloQueue

/// The story: online, outage, restart within it, recovery, check.
struct DemoScript: Sendable {
  let pace: DemoPace
  let board: DemoBoard
  let time: any TimeSource
  private let upstream = DemoUpstream()

  init(pace: DemoPace, board: DemoBoard, time: any TimeSource = SystemTimeSource()) {
    self.pace = pace
    self.board = board
    self.time = time
  }

  /// What the first process leaves behind.
  private struct Remains: Sendable {
    var port: Int
    var stored: Set<OperationID>
    var processing: String
  }

  /// Plays it, in a folder that is gone afterwards.
  func run() async throws -> DemoReport {
    try await withClosing(DemoFolder()) { folder in
      let remains = try await beforeRestart(folder.url)
      return try await afterRestart(folder.url, remains)
    }
  }

  private func beforeRestart(_ folder: URL) async throws -> Remains {
    upstream.behaveWell(answerMilliseconds: pace.answerMilliseconds / 4)
    return try await upstream.serve { server, port in
      try await DemoProcess.run(folder: folder, upstreamPort: port, board: board, time: time) { process in
        board.enter(.online, note: "The upstream listens on port \(port). Operations flow.")
        try await flow(into: process.queue, for: pace.onlineDuration)

        board.measure { $0.upstreamGoneAt = time.now }
        board.enter(.outage, note: "The upstream is stopped: its socket is closed. Work goes on.")
        await server.stop()
        try await flow(into: process.queue, for: pace.outageDuration / 2)
        try await enqueue(.refused, into: process.queue)
        try await flow(into: process.queue, for: pace.outageDuration / 2)

        board.enter(.restart, note: "The process stops: worker, queue and store are closed.")
        await process.stop()
        return Remains(
          port: port, stored: try await Self.storedIDs(process.queue),
          processing: DemoReport.words(process.worker.summary))
      }
    }
  }

  private func afterRestart(_ folder: URL, _ remains: Remains) async throws -> DemoReport {
    try await time.sleep(for: pace.restartPause / 2)
    return try await DemoProcess.run(folder: folder, upstreamPort: remains.port, board: board, time: time) { process in
      let stored = try await Self.storedIDs(process.queue)
      let problems = Self.restartProblems(remains.stored, stored)
      board.note("It runs again, from disk: \(remains.stored.count) operations before, \(stored.count) after.")
      try await time.sleep(for: pace.restartPause / 2)

      board.enter(.outageAfterRestart, note: "Still no network; work goes on.")
      try await flow(into: process.queue, for: pace.outageDurationAfterRestart)

      upstream.behaveBadly(answerMilliseconds: pace.answerMilliseconds)
      board.enter(.recovery, note: "The upstream starts again on port \(remains.port), in a bad mood.")
      return try await upstream.serveAgain(
        port: remains.port, time: time,
        whenTaken: { board.note("Port \(remains.port) is taken by another program; the upstream waits for it.") }
      ) { _, _ in
        board.measure { $0.upstreamBackAt = time.now }
        let status = try await settle(process.queue)
        let report = DemoReport(
          check: try await check(process.queue, status), storedBeforeRestart: remains.stored.count,
          storedAfterRestart: stored.count, restartProblems: problems, measurements: board.measurements,
          processing: [remains.processing, DemoReport.words(process.worker.summary)])
        board.freeze(status, note: report.problems.isEmpty ? "Nothing is missing." : "Something is wrong.")
        return report
      }
    }
  }
}

extension DemoScript {
  private static let settleInterval = Duration.milliseconds(50)

  /// Enqueues one operation after another, for that long.
  private func flow(into queue: SyncQueue, for duration: Duration) async throws {
    let end = time.uptime + duration
    repeat {
      try await enqueue(.numbered(board.accepted.count), into: queue)
      try await time.sleep(for: pace.enqueueInterval)
    } while time.uptime < end
  }

  private func enqueue(_ operation: DemoOperation, into queue: SyncQueue) async throws {
    let number = board.accepted.count
    let receipt = try await queue.enqueue(
      NewOperation(
        kind: operation.kind, payload: Array(#"{"number":\#(number)}"#.utf8),
        priority: OperationPriority(name: operation.priority) ?? .normal, orderingKey: operation.orderingKey,
        headers: [OperationHeader(name: "Content-Type", value: "application/json")]))
    board.accepted(operation, receipt)
  }

  /// Waits until nothing is left to deliver, or the time for it is over.
  private func settle(_ queue: SyncQueue) async throws -> QueueStatus {
    let end = time.uptime + pace.recoveryDurationMaximum
    while true {
      let status = try await queue.status()
      if status.waiting == 0 || time.uptime >= end { return status }
      try await time.sleep(for: Self.settleInterval)
    }
  }

  private func check(_ queue: SyncQueue, _ status: QueueStatus) async throws -> DemoCheck {
    let dead = try await queue.list(OperationFilter(state: .deadLettered), limit: 1_000)
    return DemoCheck(
      accepted: board.accepted,
      received: upstream.memory.received().map {
        DemoCheck.Received(id: $0.operationID ?? "unknown", repeatCount: $0.repeats)
      },
      deadLettered: Set(dead.snapshots.map { $0.operation.id.description }), waitingCount: status.waiting)
  }

  /// What is in the store, page by page.
  private static func storedIDs(_ queue: SyncQueue) async throws -> Set<OperationID> {
    var ids: Set<OperationID> = []
    var cursor: OperationID?
    repeat {
      let page = try await queue.list(after: cursor, limit: 1_000)
      ids.formUnion(page.snapshots.map(\.operation.id))
      cursor = page.cursor
    } while cursor != nil
    return ids
  }

  private static func restartProblems(_ before: Set<OperationID>, _ after: Set<OperationID>) -> [String] {
    let (lost, invented) = (before.subtracting(after).count, after.subtracting(before).count)
    return (lost > 0 ? ["the restart lost \(lost) operations"] : [])
      + (invented > 0 ? ["the restart brought back \(invented) operations that were gone"] : [])
  }
}
