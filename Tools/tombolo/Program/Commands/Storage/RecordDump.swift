import Synchronization
import TomboloPorts
import TomboloStorage

/// Prints the records of stores, each once, in ascending order.
final class RecordDump: Sendable {
  private struct State {
    var last: Key?
    var unreadableCount = 0
  }

  private let hidesValues: Bool
  private let hidesRevisions: Bool
  private let state = Mutex(State())

  init(hidesValues: Bool, hidesRevisions: Bool) {
    self.hidesValues = hidesValues
    self.hidesRevisions = hidesRevisions
  }

  /// How many records were left out because their values are damaged.
  var unreadableCount: Int { state.withLock { $0.unreadableCount } }

  /// Prints what is behind the last record that was printed. A record whose value is damaged is told and passed over.
  @Sendable func print(_ store: any KeyValueStore) async throws {
    var reader = RecordReader(store, from: state.withLock { $0.last?.following } ?? Key([]))
    while true {
      do {
        guard let records = try await reader.chunk() else { return }
        for record in records { try print(record) }
      } catch let error as StoreError where error.code == .damaged {
        guard let key = error.key else { throw error }
        try await printRecords(of: store, before: key)
        pass(key, error)
        reader = RecordReader(store, from: key.following)
      }
    }
  }

  /// What the same chunk holds before the damage; no more than one chunk.
  private func printRecords(of store: any KeyValueStore, before key: Key) async throws {
    let start = state.withLock { $0.last?.following } ?? Key([])
    for record in try await store.scan(KeyRange(from: start, to: key), limit: RecordReader.recordCountMaximum) {
      if !record.key.hasPrefix(ReservedKeys.prefix) { try print(record) }
    }
  }

  private func pass(_ key: Key, _ error: StoreError) {
    state.withLock { state in
      state.last = key
      state.unreadableCount += 1
    }
    Output.error("tombolo: \(error)")
  }

  private func print(_ record: Record) throws {
    Output.line(bytes: try JSONText.encode(DumpLine(record, hidesValue: hidesValues, hidesRevision: hidesRevisions)))
    state.withLock { $0.last = record.key }
  }
}
