import Logging
import Synchronization
import TomboloPorts
import TomboloQueue
import TomboloTesting

/// What the program was promised, and what waits for a person in the end.
final class TransferBook: Sendable {
  let promised = Mutex<Set<String>>([])
  let waiting = Mutex<Set<String>>([])
}

/// Three lives of a program that hands in transfers and delivers them, of which two may crash at any moment.
struct TransferSimulation {
  let world: SimulatedWorld
  /// Makes the handler under test, given the way to the world's upstream.
  let handler: @Sendable (any OperationHandler) -> any OperationHandler

  private let book = TransferBook()
  /// What a failing disk makes the worker say is no news here.
  private let quiet = Logger(label: "simulation", factory: { _ in SwiftLogNoOpLogHandler() })

  init(world: SimulatedWorld, handler: @escaping @Sendable (any OperationHandler) -> any OperationHandler) {
    self.world = world
    self.handler = handler
  }

  func run() async throws {
    try await world.run(lives: 3) { process in
      let queue = try await open(process)
      let worker = SyncWorker(
        queue: queue, handler: handler(process.handler), network: process.network,
        resolver: LocalWinsConflictResolver(), random: process.random("worker"), logger: quiet)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await worker.run() }
        group.addTask {
          for number in 1...10 {
            let amount = "\(process.number * 100 + number)"
            if try await enqueue(amount, queue, process) { book.promised.withLock { _ = $0.insert(amount) } }
          }
          // In the last life nothing fails any more, and whatever is to settle settles.
          if process.isLast {
            try await waitUntilSettled(queue, process)
            let held = try await queue.list().snapshots.map { String(decoding: $0.operation.payload, as: UTF8.self) }
            book.waiting.withLock { $0 = Set(held) }
          }
          worker.stop()
        }
        try await group.waitForAll()
      }
    }
    try check(promised: book.promised.withLock { $0 }, waiting: book.waiting.withLock { $0 })
  }

  /// The invariant: each transfer was made once, or it waits for a person.
  private func check(promised: Set<String>, waiting: Set<String>) throws {
    var keys: [String: Set<String>] = [:]
    for acceptance in world.upstream.acceptances {
      let amount = String(decoding: acceptance.operation.payload, as: UTF8.self)
      keys[amount, default: []].insert(acceptance.operation.idempotencyKey)
    }
    for (amount, keys) in keys.sorted(by: { $0.key < $1.key }) where keys.count > 1 {
      throw world.failure("the transfer of \(amount) was made \(keys.count) times")
    }
    for amount in promised.sorted() where keys[amount] == nil && !waiting.contains(amount) {
      throw world.failure("the transfer of \(amount) was lost")
    }
  }

  /// Time, randomness and identifiers come from the process, so that a seed gives the same run each time.
  private func open(_ process: SimulatedProcess) async throws -> SyncQueue {
    while true {
      do {
        return try await SyncQueue.open(
          store: process.store, time: process.time, ids: MonotonicOperationIDSource(random: process.random("ids")),
          logger: quiet)
      } catch let error as StoreError where error.code != .closed {
        try await process.time.sleep(for: .seconds(1))
      }
    }
  }

  /// Answers whether the queue has promised to deliver it.
  private func enqueue(_ amount: String, _ queue: SyncQueue, _ process: SimulatedProcess) async throws -> Bool {
    var random = process.random(amount)
    try await process.time.sleep(for: .seconds(Int.random(in: 0...300, using: &random)))
    do {
      try await queue.enqueue(NewOperation(kind: "transfer", payload: Array(amount.utf8), idempotencyKey: amount))
      return true
    } catch let error as StoreError where error.code != .closed {
      // The disk failed, and nothing was promised.
      return false
    }
  }

  private func waitUntilSettled(_ queue: SyncQueue, _ process: SimulatedProcess) async throws {
    while true {
      let status = try await queue.status()
      if status.pending + status.retrying + status.delivering + status.blocked == 0 { return }
      try await process.time.sleep(for: .seconds(60))
    }
  }
}
