import Dispatch
import Foundation
import TomboloPorts
import TomboloQueue
import TomboloStorage

/// Work to be counted by `Tools/instructions`: operations on a queue in memory, so that no disk and no clock takes part.
///
///     instruction-probe enqueue|enqueue-64|deliver COUNT
@main
enum InstructionProbe {
  private static let payload = [UInt8](repeating: 0x2E, count: 256)

  static func main() {
    let arguments = CommandLine.arguments
    guard arguments.count == 3, let count = Int(arguments[2]), count > 0 else {
      print("usage: instruction-probe enqueue|enqueue-64|deliver COUNT")
      exit(64)
    }
    let done = DispatchSemaphore(value: 0)
    // The main thread waits, because the counter follows threads no further than its end.
    Task { @concurrent in
      do {
        try await run(arguments[1], count)
      } catch {
        print("\(error)")
        exit(1)
      }
      done.signal()
    }
    done.wait()
  }

  private static func run(_ work: String, _ count: Int) async throws {
    var configuration = QueueConfiguration()
    configuration.concurrency = 64
    let store: any KeyValueStore = work == "enqueue" ? InMemoryStore() : YieldingStore(inner: InMemoryStore())
    let queue = try await SyncQueue.open(store: store, configuration: configuration)
    switch work {
    case "enqueue": try await enqueue(count, to: queue)
    case "enqueue-64":
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<64 { group.addTask { try await enqueue(count / 64, to: queue) } }
        try await group.waitForAll()
      }
    case "deliver":
      for _ in 0..<count / 64 {
        _ = try await queue.enqueue((0..<64).map { _ in NewOperation(kind: "bench", payload: payload) })
      }
      let summary = try await SyncWorker(queue: queue, handler: Agreeable()).drain()
      guard summary.delivered == count / 64 * 64 else { throw ProbeError(deliveredCount: summary.delivered) }
    default: throw ProbeError(deliveredCount: 0)
    }
  }

  private static func enqueue(_ count: Int, to queue: SyncQueue) async throws {
    for _ in 0..<count { try await queue.enqueue(NewOperation(kind: "bench", payload: payload)) }
  }
}

/// A store whose commits let everybody else go first, as those that wait for a disk do, so that groups form.
private struct YieldingStore: KeyValueStore {
  let inner: InMemoryStore

  var capabilities: StoreCapabilities { inner.capabilities }
  func get(_ keys: [Key]) async throws -> [Record?] { try await inner.get(keys) }
  func scan(_ range: KeyRange, reverse: Bool, limit: Int) async throws -> [Record] {
    try await inner.scan(range, reverse: reverse, limit: limit)
  }
  func commit(_ batches: [Batch]) async throws -> [BatchResult] {
    await Task.yield()
    return try await inner.commit(batches)
  }
  func close() async throws { try await inner.close() }
}

/// Accepts everything.
private struct Agreeable: OperationHandler {
  var upstream: String { "bench" }

  func deliver(_ operation: SyncOperation, attempt: DeliveryAttempt) async -> DeliveryOutcome { .delivered }
}

private struct ProbeError: Error {
  var deliveredCount: Int
}
