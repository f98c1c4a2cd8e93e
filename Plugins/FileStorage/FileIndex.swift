import Synchronization
import TomboloPorts
import TomboloStorage

/// Which keys there are and where their values lie: the part of the store that is kept in memory.
///
/// The writer publishes a commit in one step once it is as durable as configured; readers look up places in one step and
/// read the values afterwards, without holding anything up. Segments stay readable while someone holds an entry of them.
final class FileIndex: Sendable {
  /// Values up to this length are kept in memory, because a place costs about as much.
  static let inlineByteCountMaximum = 64

  struct Entry: Sendable {
    var revision: Revision
    var segment: UInt64
    var file: OpenFile
    /// Of the value in the file.
    var offset: Int
    var byteCount: Int
    var checksum: UInt32
    /// The value itself, when it is short.
    var inline: [UInt8]?

    func value() throws(StoreError) -> [UInt8] {
      if let inline { return inline }
      return try checked(try file.read(byteCount, at: offset))
    }

    /// - Parameters:
    ///   - bytes: what the file holds from `start` on.
    func value(outOf bytes: [UInt8], at start: Int) throws(StoreError) -> [UInt8] {
      if let inline { return inline }
      return try checked(Array(bytes.dropFirst(offset - start).prefix(byteCount)))
    }

    private func checked(_ value: [UInt8]) throws(StoreError) -> [UInt8] {
      try file.checked(value, at: offset, byteCount: byteCount, checksum: checksum)
    }
  }

  /// A key and its entry as of one moment.
  struct Place: Sendable {
    var key: Key
    var entry: Entry

    func record() throws(StoreError) -> Record {
      Record(key: key, value: try entry.value(), revision: entry.revision)
    }

    /// - Parameters:
    ///   - bytes: what its file holds from `offset` on.
    func record(outOf bytes: [UInt8], at offset: Int) throws(StoreError) -> Record {
      Record(key: key, value: try entry.value(outOf: bytes, at: offset), revision: entry.revision)
    }
  }

  private struct State {
    var entries = SortedMap<Key, Entry>()
    /// What the live records of each segment take.
    var liveByteCounts: [UInt64: Int] = [:]
    var liveByteCount = 0
    /// Why nothing can be read any more.
    var refusal: StoreError?

    mutating func add(_ byteCount: Int, to segment: UInt64) {
      guard byteCount != 0 else { return }
      liveByteCounts[segment, default: 0] += byteCount
      liveByteCount += byteCount
    }
  }

  private let state = Mutex(State())
  private let folder: String

  init(folder: String) { self.folder = folder }

  /// What a record takes in the journal.
  static func byteCount(of key: Key, valueByteCount: Int) -> Int {
    key.bytes.count + valueByteCount + FrameEntry.overheadByteCount
  }

  func places(of keys: [Key]) throws -> [Place?] {
    try state.withLock { state in
      try requireOpen(state)
      return keys.map { key in state.entries[key].map { Place(key: key, entry: $0) } }
    }
  }

  func places(in range: KeyRange, reverse: Bool, limit: Int) throws -> [Place] {
    try state.withLock { state in
      try requireOpen(state)
      var places: [Place] = []
      guard limit > 0, !range.isEmpty else { return places }
      state.entries.forEach(from: range.lower, to: range.upper, reverse: reverse) { key, entry in
        places.append(Place(key: key, entry: entry))
        return places.count < limit
      }
      return places
    }
  }

  func entry(_ key: Key) -> Entry? {
    state.withLock { $0.entries[key] }
  }

  func contains(_ key: Key) -> Bool {
    state.withLock { $0.entries.contains(key) }
  }

  /// Makes changes visible, all at once, in their order.
  func publish(_ changes: [(key: Key, entry: Entry?)]) {
    state.withLock { state in
      // What the changes add to one segment, which most of them share.
      var (segment, byteCount) = (UInt64(0), 0)
      func add(_ more: Int, to changed: UInt64) {
        if changed != segment {
          state.add(byteCount, to: segment)
          (segment, byteCount) = (changed, 0)
        }
        byteCount += more
      }
      for (key, entry) in changes {
        let old: Entry?
        if let entry {
          old = state.entries.updateValue(entry, forKey: key)
          add(Self.byteCount(of: key, valueByteCount: entry.byteCount), to: entry.segment)
        } else {
          old = state.entries.removeValue(forKey: key)
        }
        if let old { add(-Self.byteCount(of: key, valueByteCount: old.byteCount), to: old.segment) }
      }
      state.add(byteCount, to: segment)
    }
  }

  /// What all live records take.
  var liveByteCount: Int { state.withLock { $0.liveByteCount } }

  func liveByteCount(ofSegment number: UInt64) -> Int { state.withLock { $0.liveByteCounts[number] ?? 0 } }

  /// Forgets the count of a segment that was removed.
  func forget(segment number: UInt64) {
    state.withLock { $0.liveByteCounts[number] = nil }
  }

  /// Forgets what lies in segments before `front`.
  func forgetRecords(before front: UInt64) {
    state.withLock { state in
      guard state.liveByteCounts.contains(where: { $0.key < front && $0.value > 0 }) else { return }
      var keys: [Key] = []
      state.entries.forEach(from: Key([]), to: nil) { key, entry in
        if entry.segment < front { keys.append(key) }
        return true
      }
      for key in keys { state.entries.removeValue(forKey: key) }
      for number in state.liveByteCounts.keys where number < front {
        state.liveByteCount -= state.liveByteCounts[number] ?? 0
        state.liveByteCounts[number] = nil
      }
    }
  }

  func close() {
    state.withLock { state in
      state.refusal = StoreError(.closed, "the store at \(folder) was closed")
      state.entries = SortedMap()
    }
  }

  /// Refuses to be read from now on: what a reader would see may turn out to be untrue when the store is opened again.
  func refuse(_ error: StoreError) {
    state.withLock { state in
      if state.refusal == nil { state.refusal = error }
    }
  }

  private func requireOpen(_ state: State) throws {
    if let refusal = state.refusal { throw refusal }
  }
}
