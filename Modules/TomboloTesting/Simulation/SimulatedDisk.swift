private import Synchronization
public import TomboloPorts

/// What survives every process of a simulated world: exactly what was committed.
public final class SimulatedDisk: Sendable {
  private struct State {
    /// In key order.
    var records: [Record] = []
    var lastRevision: UInt64 = 0
    var observer: (@Sendable (Batch) -> Void)?
  }

  public let capabilities: StoreCapabilities
  private let state = Mutex(State())

  init(isShareable: Bool) {
    capabilities = StoreCapabilities(isDurable: true, isShareable: isShareable)
  }

  /// Calls `observer` for every batch that is applied, at that moment.
  public func onApplied(_ observer: @escaping @Sendable (Batch) -> Void) {
    state.withLock { $0.observer = observer }
  }

  /// The record at `key` as it is on the disk at this moment.
  public func record(_ key: Key) -> Record? {
    state.withLock { state in
      let index = Self.position(of: key, in: state.records)
      return index < state.records.count && state.records[index].key == key ? state.records[index] : nil
    }
  }

  /// The records of `range` at this moment.
  public func records(in range: KeyRange, reverse: Bool = false, limit: Int = .max) -> [Record] {
    guard limit > 0, !range.isEmpty else { return [] }
    return state.withLock { state in
      let start = Self.position(of: range.lower, in: state.records)
      let end = range.upper.map { Self.position(of: $0, in: state.records) } ?? state.records.count
      guard start < end else { return [] }
      return reverse
        ? Array(state.records[start..<end].suffix(limit).reversed()) : Array(state.records[start..<end].prefix(limit))
    }
  }

  /// A store on this disk that never fails, to look at what is there from outside every process.
  public var inspection: any KeyValueStore { CalmStore(disk: self) }

  func apply(_ batches: [Batch]) -> [BatchResult] {
    let (results, applied, observer) = state.withLock { state in
      var applied: [Batch] = []
      let results = batches.map { batch -> BatchResult in
        for check in batch.checks {
          let index = Self.position(of: check.key, in: state.records)
          let isThere = index < state.records.count && state.records[index].key == check.key
          let actual = isThere ? state.records[index].revision : nil
          guard actual == check.expected else {
            return .refused(.conflict(key: check.key, expected: check.expected, actual: actual))
          }
        }
        state.lastRevision += 1
        let revision = Revision(rawValue: state.lastRevision)
        for mutation in batch.mutations {
          let index = Self.position(of: mutation.key, in: state.records)
          let isThere = index < state.records.count && state.records[index].key == mutation.key
          switch mutation {
          case .put(let key, let value):
            let record = Record(key: key, value: value, revision: revision)
            if isThere { state.records[index] = record } else { state.records.insert(record, at: index) }
          case .delete: if isThere { state.records.remove(at: index) }
          }
        }
        applied.append(batch)
        return .committed(revision)
      }
      return (results, applied, state.observer)
    }
    if let observer { for batch in applied { observer(batch) } }
    return results
  }

  private static func position(of key: Key, in records: [Record]) -> Int {
    var (low, high) = (0, records.count)
    while low < high {
      let middle = (low + high) / 2
      if records[middle].key < key { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

/// The disk without its faults.
private struct CalmStore: KeyValueStore {
  let disk: SimulatedDisk

  var capabilities: StoreCapabilities { disk.capabilities }
  func get(_ keys: [Key]) async throws -> [Record?] { keys.map { disk.record($0) } }
  func scan(_ range: KeyRange, reverse: Bool, limit: Int) async throws -> [Record] {
    disk.records(in: range, reverse: reverse, limit: limit)
  }
  func commit(_ batches: [Batch]) async throws -> [BatchResult] { disk.apply(batches) }
  func close() async throws {}
}
