import TomboloPorts
import TomboloStorage

/// The records that the queue keeps, written by a loop that does nothing else: what is left of the floor before the queue has done
/// anything, and so how much of the distance is the engine's, and how much ours.
package struct RecordsScenario {
  /// Who writes them.
  package enum Writer: Hashable, Sendable {
    /// The engine the shortest way: its C interface, or for `file` bytes appended and flushed.
    case engine
    /// The engine the shortest way, for as many tasks as a commit has operations, each of which waits for its own: see `TaskRecords`.
    case engineForTasks
    /// The storage port, as the queue uses it.
    case port
  }

  var writer: Writer
  /// How many operations a commit has.
  var batchCount: Int
  /// Whether they are taken, too: read, and deleted in a second commit. Only that is measured then.
  var isTaking: Bool

  func measure(_ name: String, _ rounds: Rounds) async throws -> BenchmarkResult {
    let payload = rounds.settings.payload
    let count = rounds.settings.count(batchCount == 1 ? 4_000 : isTaking ? 20_000 : 40_000, multipleOf: batchCount)
    return try await rounds.compare(
      name,
      floor: { folder in
        let floor = try rounds.engine.floor(in: folder, payload: payload)
        if isTaking { for _ in 0..<count / batchCount { try floor.add(batchCount) } }
        return try await Meter.measure(count) {
          for _ in 0..<count / batchCount {
            guard isTaking else {
              try floor.add(batchCount)
              continue
            }
            guard try floor.take(batchCount) == batchCount else { throw BenchmarkError("something was lost") }
          }
        }
      },
      ours: { folder in
        let batches = (0..<count / batchCount).map {
          OperationRecords(from: $0 * batchCount, batchCount, payload: payload)
        }
        return switch writer {
        case .engine:
          Rounds.Turn(try await measureEngine(count, batches, rounds.engine.recordsFloor(in: folder)))
        case .engineForTasks:
          Rounds.Turn(try await measureTasks(count, TaskRecords(rounds.engine.recordsFloor(in: folder), batches)))
        case .port:
          Rounds.Turn(try await measurePort(count, batches, rounds.engine.store(in: "\(folder)/store")))
        }
      })
  }

  private func measureEngine(
    _ count: Int, _ batches: [OperationRecords], _ floor: any RecordsFloor
  ) async throws -> Meter.Reading {
    if isTaking { for records in batches { try floor.commit(records.added) } }
    return try await Meter.measure(count) {
      for records in batches {
        if isTaking {
          guard try floor.read(records.read) == batchCount else { throw BenchmarkError("something was lost") }
        }
        try floor.commit(isTaking ? records.removed : records.added)
      }
    }
  }

  private func measureTasks(_ count: Int, _ records: TaskRecords) async throws -> Meter.Reading {
    if isTaking { try records.fill() }
    return try await Meter.measure(count) {
      if isTaking { try await records.take() } else { try await records.add() }
    }
  }

  private func measurePort(
    _ count: Int, _ batches: [OperationRecords], _ store: any KeyValueStore
  ) async throws -> Meter.Reading {
    let door = GroupCommit(store)
    let asked = batches.map {
      (
        added: Batch(mutations: $0.added),
        read: KeyRange(from: Key($0.read.first ?? []), to: Key(($0.read.last ?? []) + [0])),
        removed: Batch(mutations: $0.removed)
      )
    }
    if isTaking { for batch in asked { _ = try await door.commit(batch.added) } }
    let reading = try await Meter.measure(count) {
      for batch in asked {
        if isTaking {
          guard try await store.scan(batch.read, limit: batchCount).count == batchCount else {
            throw BenchmarkError("something was lost")
          }
        }
        _ = try await door.commit(isTaking ? batch.removed : batch.added)
      }
    }
    try await store.close()
    return reading
  }
}

/// What a group of plain operations puts, and takes away again: for each its record, which is its entry in the ready index, too; and once
/// the counts.
struct OperationRecords {
  let count: Int
  var added: [Mutation] = []
  var read: [[UInt8]] = []
  var removed: [Mutation] = []

  init(from first: Int, _ count: Int, payload: [UInt8]) {
    self.count = count
    // As long as the queue's record of an operation is, beside the payload.
    let value = payload + [UInt8](repeating: 0, count: 24)
    for number in first..<first + count {
      let id = OperationID(high: 1 << 60, low: UInt64(number)).bytes
      let operation = Key(Array("qm".utf8) + id)
      added.append(.put(operation, value))
      removed.append(.delete(operation))
      read.append(operation.bytes)
    }
    let counts = Mutation.put(Key("qn"), [UInt8](repeating: 0, count: 24))
    added.append(counts)
    removed.append(counts)
  }
}
