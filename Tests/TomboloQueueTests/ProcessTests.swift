import Foundation
import LMDBStorage
import SQLiteStorage
import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

// One at a time: while a test waits for its process it keeps a thread of the pool, which has but a few.
@Suite("Two real processes on one store", .serialized, .timeLimit(.minutes(10)))
struct ProcessTests {
  /// The engines whose folders several processes may share.
  enum Engine: String, Codable, Sendable, CaseIterable, CustomTestStringConvertible {
    case sqlite
    case lmdb
    var testDescription: String { rawValue }
  }

  struct WaitedTooLong: Error {}

  /// What both processes can see, in the folder of the store.
  struct Place: Codable, Sendable {
    var path: String
    var engine: Engine

    func mark(_ name: String) {
      _ = FileManager.default.createFile(atPath: "\(path)/\(name)", contents: Data())
    }

    func isMarked(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(path)/\(name)") }

    /// Looks for what another process does: there is no signal between them. Ends before the time limit of the tests, because one
    /// that waits for its process cannot be ended by it.
    func waitUntil(_ isSo: () async throws -> Bool) async throws {
      let start = ContinuousClock.now
      while try await !isSo() {
        guard ContinuousClock.now - start < .seconds(150) else { throw WaitedTooLong() }
        try await Task.sleep(for: .milliseconds(5))
      }
    }

    func waitForMark(_ name: String) async throws { try await waitUntil { isMarked(name) } }

    func append(_ line: String) {
      let file = open("\(path)/log", O_WRONLY | O_APPEND | O_CREAT, 0o600)
      defer { close(file) }
      _ = Array("\(line)\n".utf8).withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
    }

    var lines: [String] {
      let data = FileManager.default.contents(atPath: "\(path)/log") ?? Data()
      return String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    func openQueue(at time: any TimeSource = SystemTimeSource()) async throws -> SyncQueue {
      let store: any KeyValueStore =
        switch engine {
        case .sqlite:
          try await SQLiteStore(path: path, durability: .normal, busyTimeout: .seconds(60), isShared: true)
        case .lmdb: try await LMDBStore(path: path, durability: .normal, mapByteCount: 1 << 20, isShared: true)
        }
      var configuration = QueueConfiguration()
      configuration.sharedPollInterval = .milliseconds(20)
      configuration.concurrency = 4
      // Long beside any pause of a machine that runs all tests at once: a lease that ends is a repeated delivery. Who waits
      // for its end goes on by more, for as long as a process may take to start.
      configuration.leaseDuration = .seconds(600)
      configuration.attemptTimeout = .seconds(170)
      return try await SyncQueue.open(store: store, configuration: configuration, time: time)
    }

    /// Notes who delivered what.
    var handler: RecordingHandler {
      RecordingHandler { operation, _ in
        append("\(getpid()) \(operation.id)")
        try await Task.sleep(for: .milliseconds(5))
        return .delivered
      }
    }

    /// Delivers until nothing is left, together with the other process.
    func deliverAll(as own: String, beside other: String) async throws {
      let queue = try await openQueue()
      mark(own)
      try await waitForMark(other)
      // Neither goes on before both have something in hand, so that both take part.
      let together = RecordingHandler { operation, _ in
        append("\(getpid()) \(operation.id)")
        mark("\(own) delivers")
        try await waitForMark("\(other) delivers")
        return .delivered
      }
      let worker = SyncWorker(queue: queue, handler: together)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await worker.run() }
        try await waitUntil { try await queue.status().stored == 0 }
        worker.stop()
        try await group.waitForAll()
      }
      try await queue.store.close()
    }
  }

  private func withPlace(_ engine: Engine, _ body: (Place) async throws -> Void) async throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("tombolo-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    defer { _ = try? FileManager.default.removeItem(at: url) }
    try await body(Place(path: url.path, engine: engine))
  }

  @Test(
    "Without a crash each operation is delivered once, in the order of its key", arguments: Engine.allCases)
  func once(engine: Engine) async throws {
    try await withPlace(engine) { place in
      let queue = try await place.openQueue()
      var keys: [String: [String]] = [:]
      for number in 0..<200 {
        let key = "k\(number % 20)"
        keys[key, default: []].append(
          try await queue.enqueue(NewOperation(kind: "test", orderingKey: key)).id.description)
      }
      try await queue.store.close()
      async let other = #expect(processExitsWith: .success) { [place = place as Place] in
        try await place.deliverAll(as: "child", beside: "parent")
      }
      try await place.deliverAll(as: "parent", beside: "child")
      _ = await other
      let again = try await place.openQueue()
      #expect(try await again.status().delivered == 200)
      #expect(try await QueueAudit.problems(in: again.store).isEmpty)
      try await again.store.close()
      #expect(Set(place.lines.compactMap { $0.split(separator: " ").first }).count == 2, "one process did it all")
      let delivered = place.lines.map { $0.split(separator: " ").map(String.init) }
      #expect(delivered.count == 200)
      #expect(Set(delivered.map { $0[1] }).count == 200)
      for ids in keys.values { #expect(delivered.map { $0[1] }.filter { ids.contains($0) } == ids) }
    }
  }

  @Test(
    "After kill -9 in the middle of a delivery the other process takes over when the lease ends",
    arguments: Engine.allCases)
  func killed(engine: Engine) async throws {
    try await withPlace(engine) { place in
      let time = ManualTimeSource(now: SystemTimeSource().now)
      let queue = try await place.openQueue(at: time)
      let id = try await queue.enqueue(NewOperation(kind: "test", orderingKey: "k")).id
      let next = try await queue.enqueue(NewOperation(kind: "test", orderingKey: "k")).id
      await #expect(processExitsWith: .signal(SIGKILL)) { [place = place as Place] in
        let worker = SyncWorker(
          queue: try await place.openQueue(),
          handler: RecordingHandler { operation, _ in
            place.append("\(getpid()) \(operation.id)")
            kill(getpid(), SIGKILL)
            return .delivered
          })
        try await worker.run()
      }
      #expect(place.lines.count == 1)
      #expect(try await queue.snapshot(id)?.state == .delivering)
      let worker = SyncWorker(queue: queue, handler: place.handler)
      #expect(try await worker.drain().attempted == 0)
      time.advance(by: .seconds(1_000))
      #expect(try await worker.drain().delivered == 2)
      #expect(
        place.lines.compactMap { $0.split(separator: " ").last.map(String.init) } == [id, id, next].map(\.description))
      #expect(try await QueueAudit.problems(in: queue.store).isEmpty)
      try await queue.store.close()
    }
  }

  @Test(
    "The late settlement of a process that was taken for dead is refused", arguments: Engine.allCases)
  func late(engine: Engine) async throws {
    try await withPlace(engine) { place in
      let time = ManualTimeSource(now: SystemTimeSource().now)
      let queue = try await place.openQueue(at: time)
      try await queue.enqueue(NewOperation(kind: "test"))
      async let slow = #expect(processExitsWith: .exitCode(7)) { [place = place as Place] in
        let queue = try await place.openQueue()
        guard let claimed = try await queue.claim(1).first else { exit(1) }
        place.mark("claimed")
        try await place.waitForMark("taken")
        do {
          try await queue.settle(claimed, .delivered(attempt: 1))
          exit(2)
        } catch let error as QueueError where error.code == .leaseLost {
          exit(7)
        }
      }
      try await place.waitForMark("claimed")
      time.advance(by: .seconds(1_000))
      _ = try await queue.promote()
      let taken = try #require(try await queue.claim(1).first)
      place.mark("taken")
      _ = await slow
      try await queue.settle(taken, .delivered(attempt: 1))
      #expect(try await queue.status().delivered == 1)
      try await queue.store.close()
    }
  }

  @Test("Each LMDB process follows the map that the other makes larger, while both read and write")
  func growingMap() async throws {
    try await withPlace(.lmdb) { place in
      let queue = try await place.openQueue()
      async let other = #expect(processExitsWith: .success) { [place = place as Place] in
        let queue = try await place.openQueue()
        place.mark("child")
        for _ in 0..<60 {
          try await queue.enqueue(NewOperation(kind: "test", payload: [UInt8](repeating: 1, count: 90_000)))
        }
        try await queue.store.close()
      }
      try await place.waitForMark("child")
      for _ in 0..<60 {
        try await queue.enqueue(NewOperation(kind: "test", payload: [UInt8](repeating: 2, count: 90_000)))
        _ = try await queue.list(limit: 200)
      }
      _ = await other
      let all = try await queue.list(limit: 200).snapshots
      #expect(all.count == 120)
      #expect(Set(all.compactMap(\.operation.payload.first)) == [1, 2])
      #expect(try await QueueAudit.problems(in: queue.store).isEmpty)
      try await queue.store.close()
      // The last to close tidied up: opened alone, it is looked through and found whole.
      let alone = try await LMDBStore(path: place.path)
      #expect(try await QueueAudit.problems(in: alone).isEmpty)
      try await alone.close()
    }
  }
}
