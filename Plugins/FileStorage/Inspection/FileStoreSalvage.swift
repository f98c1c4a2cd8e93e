import Synchronization
import TomboloPorts
import TomboloStorage

/// What is intact in a store's folder, to read from, and what is not. Holds the folder against other stores until it is released.
final class FileStoreSalvage: KeyValueStore {
  let capabilities = StoreCapabilities(isDurable: true, isShareable: false)
  let losses: [RepairReport.Loss]
  private let index: FileIndex
  private let inspector: FolderInspector
  private let folder: Mutex<StoreFolder?>

  /// Reads all of the folder.
  ///
  /// - Parameter warn: Told when the folder is read without its lock, because it cannot be written and has none.
  init(
    folder source: String, files: any FileSystem = SystemFiles(), isLocking: Bool = true,
    warn: @Sendable (String) -> Void = { _ in }
  ) async throws {
    let path = StoreFolder.withoutSlash(source)
    inspector = try FolderInspector(folder: path, files: files)
    index = FileIndex(folder: path)
    // Before the lock, which would be made in any folder.
    let present = try await inspector.numbers()
    guard !present.isEmpty else {
      throw StoreError(.inaccessible, "\(path): there is no segment of a journal; name the folder of a file store")
    }
    let held = isLocking ? try StoreFolder(reading: path, engine: "file", warn: warn) : nil
    if isLocking, held == nil {
      warn("\(path) cannot be written and is read without a lock; what is read counts only if no agent runs on it")
    }
    folder = Mutex(held)
    losses = try await Self.read(JournalLocation(folder: path), present, with: inspector, into: index)
  }

  func get(_ keys: [Key]) async throws -> [Record?] {
    try Task.checkCancellation()
    let places = try index.places(of: keys)
    return try await inspector.run { _ in try places.map { try $0?.record() } }
  }

  func scan(_ range: KeyRange, reverse: Bool, limit: Int) async throws -> [Record] {
    try Task.checkCancellation()
    let places = try index.places(in: range, reverse: reverse, limit: limit)
    return try await inspector.run { _ in try places.map { try $0.record() } }
  }

  func commit(_ batches: [Batch]) async throws -> [BatchResult] {
    throw StoreError(
      .inaccessible,
      "what is intact of a store can only be read; save it with `tombolo storage repair`, and open the copy to write")
  }

  func close() async throws {
    index.close()
    release()
  }

  func release() { folder.withLock { $0 = nil } }

  /// Gives the records in the order of their keys.
  func reader() -> Reader { Reader(index: index, inspector: inspector) }

  private static func read(
    _ location: JournalLocation, _ present: [UInt64], with inspector: isolated FolderInspector, into index: FileIndex
  ) throws -> [RepairReport.Loss] {
    var losses: [RepairReport.Loss] = []
    var front: UInt64 = 0
    var last: (number: UInt64, path: String, end: Int, nextSequence: UInt64)?
    func isTold(_ path: String, to end: Int) -> Bool {
      // A loss of no length at the beginning is the whole file.
      losses.contains { $0.path == path && ($0.offset + $0.byteCount >= end || $0.offset + $0.byteCount == 0) }
    }
    try inspector.forEachSegment { file, number, salvage in
      let path = location.segment(number)
      for gap in salvage.gaps {
        losses.append(
          RepairReport.Loss(
            path: path, offset: gap.offset, byteCount: gap.byteCount, reason: gap.reason, keys: gap.keys))
      }
      guard let file else {
        // Nothing is known of its end, so nothing can be told to be missing behind it.
        last = (number, path, 0, .max)
        return
      }
      // A segment that ends too early, at the border of two frames, has no gap that could be seen in it.
      let first = salvage.frames.first?.header.sequence ?? salvage.scan.header.firstSequence
      if let last, last.number + 1 == number, first > last.nextSequence, salvage.gaps.first?.offset != 0,
        !isTold(last.path, to: last.end)
      {
        losses.append(
          RepairReport.Loss(
            path: last.path, offset: last.end, byteCount: 0,
            reason: "frames \(last.nextSequence) to \(first - 1) are missing behind it"))
      }
      let segment = Journal.Segment(number: number, file: file, byteCount: salvage.scan.end)
      front = max(front, salvage.scan.header.front)
      for frame in salvage.frames {
        front = max(front, frame.mark?.front ?? 0)
        index.publish(JournalReplay.changes(of: frame, in: segment, scan: salvage.scan))
      }
      last = (number, path, salvage.scan.end, salvage.scan.nextSequence)
    }
    if let last, let acknowledged = try inspector.acknowledged() {
      // A few names are enough to tell.
      for missing in last.number..<max(last.number, min(acknowledged.number, last.number + 16)) {
        losses.append(
          RepairReport.Loss(
            path: location.segment(missing + 1), offset: 0, byteCount: 0, reason: "the file is missing"))
      }
      if acknowledged.number == last.number, last.end < acknowledged.byteCount,
        !isTold(last.path, to: acknowledged.byteCount)
      {
        losses.append(
          RepairReport.Loss(
            path: last.path, offset: last.end, byteCount: acknowledged.byteCount - last.end,
            reason: "commits up to byte \(acknowledged.byteCount) were acknowledged, and are not there"))
      }
    }
    // What is needed of segments before the front was copied behind it, and what was deleted there may be noted nowhere else.
    index.forgetRecords(before: front)
    losses.removeAll { loss in present.contains { $0 < front && location.segment($0) == loss.path } }
    return losses + missing(location, present, front: front)
  }

  private static func missing(_ location: JournalLocation, _ present: [UInt64], front: UInt64) -> [RepairReport.Loss] {
    var losses: [RepairReport.Loss] = []
    var expected = front
    for number in present where number >= front {
      // A few names are enough to tell; a number from a damaged place could be anything.
      for missing in expected..<max(expected, min(number, expected + 16)) {
        losses.append(
          RepairReport.Loss(
            path: location.segment(missing), offset: 0, byteCount: 0, reason: "the file is missing"))
      }
      expected = number + 1
    }
    return losses
  }

  /// Reads records in chunks of bounded size.
  struct Reader {
    static let countMaximum = 256
    static let byteCountMaximum = 16 * 1_024 * 1_024

    let index: FileIndex
    let inspector: FolderInspector
    private var lower = Key([])

    init(index: FileIndex, inspector: FolderInspector) {
      self.index = index
      self.inspector = inspector
    }

    /// The next records, at least one; `nil` at the end.
    mutating func chunk() async throws -> [Record]? {
      let places = try index.places(in: KeyRange(from: lower, to: nil), reverse: false, limit: Self.countMaximum)
      guard !places.isEmpty else { return nil }
      let records = try await inspector.run { _ in
        var records: [Record] = []
        var byteCount = 0
        for place in places {
          byteCount += place.entry.byteCount
          guard records.isEmpty || byteCount <= Self.byteCountMaximum else { break }
          records.append(try place.record())
        }
        return records
      }
      if let last = records.last { lower = Key(last.key.bytes + [0]) }
      return records
    }
  }
}
