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

  /// What a commit makes of a key; without an entry it is deleted.
  typealias Change = (key: Key, entry: Entry?)

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
    /// The first revision of a commit under way: entries from it on are not there yet for anybody else.
    var preparedFrom: Revision?
    /// Why nothing can be read any more.
    var refusal: StoreError?

    func isVisible(_ entry: Entry) -> Bool {
      guard let preparedFrom else { return true }
      return entry.revision.rawValue < preparedFrom.rawValue
    }

    mutating func add(_ byteCount: Int, to segment: UInt64) {
      guard byteCount != 0 else { return }
      liveByteCounts[segment, default: 0] += byteCount
      liveByteCount += byteCount
    }
  }

  /// What changes add to one segment, which most of them share.
  private struct ByteCountOfSegment {
    private var segment = UInt64(0)
    private var byteCount = 0

    mutating func add(_ more: Int, to changed: UInt64, in state: inout State) {
      if changed != segment {
        finish(in: &state)
        (segment, byteCount) = (changed, 0)
      }
      byteCount += more
    }

    func finish(in state: inout State) { state.add(byteCount, to: segment) }
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
      return keys.map { key in
        guard let entry = state.entries[key], state.isVisible(entry) else { return nil }
        return Place(key: key, entry: entry)
      }
    }
  }

  func places(in range: KeyRange, reverse: Bool, limit: Int) throws -> [Place] {
    try state.withLock { state in
      try requireOpen(state)
      var places: [Place] = []
      guard limit > 0, !range.isEmpty else { return places }
      state.entries.forEach(from: range.lower, to: range.upper, reverse: reverse) { key, entry in
        if state.isVisible(entry) { places.append(Place(key: key, entry: entry)) }
        return places.count < limit
      }
      return places
    }
  }

  /// For the writer: with what is prepared, as in `contains` and the counts.
  func entry(_ key: Key) -> Entry? {
    state.withLock { $0.entries[key] }
  }

  func contains(_ key: Key) -> Bool {
    state.withLock { $0.entries.contains(key) }
  }

  /// Takes in what a commit adds while it is being made durable, for nobody to see before `publish`. When the commit fails, nothing can be
  /// read any more (`refuse`).
  ///
  /// - Parameter revision: the first that the commit gave. What has an older one is a copy, for `publish`.
  /// - Returns: the other changes, in their order, which are for `publish`. A key that is there keeps what it has until then, and a second
  ///   change of one that was added comes behind the first.
  func prepare(_ changes: [Change], from revision: Revision) -> [Change] {
    state.withLock { state in
      state.preparedFrom = revision
      var others: [Change] = []
      var added = ByteCountOfSegment()
      for (key, entry) in changes {
        if let entry, entry.revision.rawValue >= revision.rawValue, state.entries.insert(entry, forKey: key) {
          added.add(Self.byteCount(of: key, valueByteCount: entry.byteCount), to: entry.segment, in: &state)
        } else {
          others.append((key, entry))
        }
      }
      added.finish(in: &state)
      return others
    }
  }

  /// Makes changes visible, all at once, in their order, and with them what was prepared.
  func publish(_ changes: [Change]) {
    state.withLock { state in
      state.preparedFrom = nil
      var added = ByteCountOfSegment()
      for (key, entry) in changes {
        let old: Entry?
        if let entry {
          old = state.entries.updateValue(entry, forKey: key)
          added.add(Self.byteCount(of: key, valueByteCount: entry.byteCount), to: entry.segment, in: &state)
        } else {
          old = state.entries.removeValue(forKey: key)
        }
        if let old {
          added.add(-Self.byteCount(of: key, valueByteCount: old.byteCount), to: old.segment, in: &state)
        }
      }
      added.finish(in: &state)
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
