import Synchronization
import TomboloPorts

/// The records of operations, written by the engine the shortest way for tasks that each wait until theirs are stored: what Swift's
/// tasks take for as many operations at once, before a queue has done anything.
///
/// A group begins when everyone has arrived, and whoever arrives last commits it on its own thread: it knows what no queue can, that
/// nobody else will come, and holds up one of Swift's threads for a flush, which none should. It is one bare program, not the best there
/// could be.
struct TaskRecords: Sendable {
  private let engine: SharedEngine
  private let batches: [OperationRecords]

  init(_ engine: sending any RecordsFloor, _ batches: [OperationRecords]) {
    self.engine = SharedEngine(engine)
    self.batches = batches
  }

  /// One task for each place in a group, which adds one operation after the other.
  func add() async throws {
    let next = Counter()
    let meeting = Meeting(of: batches.first?.count ?? 0) { try engine.commit(batches[next.count()].added) }
    try await withThrowingDiscardingTaskGroup { tasks in
      for _ in 0..<meeting.count {
        tasks.addTask { for _ in batches { try await meeting.arrive() } }
      }
    }
  }

  /// Without tasks, and without being measured: what is there to be taken.
  func fill() throws { for records in batches { try engine.commit(records.added) } }

  /// One task for each operation, which waits until it is removed. Two groups are under way, so that the tasks of one run while the
  /// other is flushed.
  func take() async throws {
    let next = Counter()
    try await withThrowingDiscardingTaskGroup { lanes in
      for _ in 0..<2 {
        lanes.addTask {
          while true {
            let number = next.count()
            guard number < batches.count else { return }
            try await take(batches[number])
          }
        }
      }
    }
  }

  private func take(_ records: OperationRecords) async throws {
    guard try engine.read(records.read) == records.count else { throw BenchmarkError("something was lost") }
    let meeting = Meeting(of: records.count) { try engine.commit(records.removed) }
    try await withThrowingDiscardingTaskGroup { tasks in
      for _ in 0..<records.count {
        tasks.addTask { try await meeting.arrive() }
      }
    }
  }
}

/// 0, then 1, and so on, for whoever asks.
private final class Counter: Sendable {
  private let next = Atomic(0)

  func count() -> Int { next.add(1, ordering: .relaxed).oldValue }
}

/// One at a time, from whichever thread.
private final class SharedEngine: Sendable {
  private let engine: Mutex<any RecordsFloor>

  init(_ engine: sending any RecordsFloor) { self.engine = Mutex(engine) }

  func commit(_ mutations: [Mutation]) throws { try engine.withLock { try $0.commit(mutations) } }

  func read(_ neighbours: [[UInt8]]) throws -> Int { try engine.withLock { try $0.read(neighbours) } }
}

/// Where tasks wait for each other. Whoever comes last does what they wait for.
private final class Meeting: Sendable {
  let count: Int
  private let work: @Sendable () throws -> Void
  private let waiting = Mutex<[UnsafeContinuation<Void, any Error>]>([])

  init(of count: Int, _ work: @escaping @Sendable () throws -> Void) { (self.count, self.work) = (count, work) }

  func arrive() async throws {
    try await withUnsafeThrowingContinuation { continuation in
      let everyone = waiting.withLock { waiting in
        waiting.append(continuation)
        guard waiting.count == count else { return [UnsafeContinuation<Void, any Error>]() }
        defer { waiting.removeAll(keepingCapacity: true) }
        return waiting
      }
      guard !everyone.isEmpty else { return }
      let outcome = Result { try work() }
      for one in everyone { one.resume(with: outcome) }
    }
  }
}
