import TomboloPorts
import TomboloStorage

/// Saves what is intact in a damaged `FileStore` into a new one.
public enum FileStoreRepair {
  /// What was saved and what was not.
  public struct Report: Hashable, Sendable {
    /// A part of a file that could not be used.
    public struct Loss: Hashable, Sendable {
      public var path: String
      /// In bytes; 0 for a file that is missing.
      public var offset: Int
      /// 0 for a file that is missing.
      public var byteCount: Int
      public var reason: String
    }

    /// How many records the new store holds.
    public var recordCount = 0
    /// Empty when everything was intact. A lost part may have held puts, whose records are missing or older than they were,
    /// and deletes, whose records are there again.
    public var losses: [Loss] = []
  }

  /// Reads the store in the folder `source`, which it leaves as it is, and makes a store of what is intact in `target`.
  ///
  /// Batches stay whole: of a batch that is damaged anywhere, nothing is taken. Records get new revisions.
  ///
  /// - Throws: `StoreError` with `inUse` when one of the two is open, `inaccessible` when `target` already holds a store or a
  ///   file cannot be read, and what `FileStore` throws when it writes.
  public static func repair(from source: String, to target: String) async throws -> Report {
    let held = try FolderHolder(source)
    defer { held.release() }
    let inspector = try FolderInspector(folder: source)
    let present = try await inspector.numbers()
    guard !present.isEmpty else {
      throw StoreError(.inaccessible, "\(source): there is no segment of a journal; name the folder of a file store")
    }
    let store = try await FileStore(path: target, durability: .normal)
    do {
      guard try await store.scan(.all, limit: 1).isEmpty else {
        throw StoreError(.inaccessible, "\(target) already holds a store with records; name a new folder")
      }
      let index = FileIndex(folder: source)
      var report = Report()
      report.losses = try await inspector.run { try losses(of: $0, present: present, source: source, into: index) }
      report.recordCount = try await copy(index, to: store, on: inspector)
      try await store.close()
      return report
    } catch {
      try await store.close()
      throw error
    }
  }

  /// Fills `index` with what is intact, and answers with what is not.
  private static func losses(
    of inspector: isolated FolderInspector, present: [UInt64], source: String, into index: FileIndex
  ) throws -> [Report.Loss] {
    let location = JournalLocation(folder: StoreFolder.withoutSlash(source))
    var losses: [Report.Loss] = []
    var front: UInt64 = 0
    try inspector.forEachSegment { file, number, salvage in
      let segment = Journal.Segment(number: number, file: file, byteCount: salvage.scan.end)
      front = max(front, salvage.scan.header.front)
      for frame in salvage.frames {
        front = max(front, frame.mark?.front ?? 0)
        index.publish(JournalReplay.changes(of: frame, in: segment, scan: salvage.scan))
      }
      for gap in salvage.gaps {
        losses.append(
          Report.Loss(path: file.path, offset: gap.offset, byteCount: gap.byteCount, reason: gap.reason))
      }
    }
    var expected = front
    for number in present where number >= front {
      // A few names are enough to tell; a number from a damaged place could be anything.
      for missing in expected..<max(expected, min(number, expected + 16)) {
        losses.append(
          Report.Loss(path: location.segment(missing), offset: 0, byteCount: 0, reason: "the file is missing"))
      }
      expected = number + 1
    }
    return losses
  }

  private static func copy(_ index: FileIndex, to store: FileStore, on inspector: FolderInspector) async throws -> Int {
    var lower = Key([])
    var count = 0
    while true {
      let from = lower
      let places = try index.places(in: KeyRange(from: from, to: nil), reverse: false, limit: 256)
      guard let last = places.last else { return count }
      var batch = Batch()
      var byteCount = 0
      for place in places {
        let record = try await inspector.run { _ in try place.record() }
        batch.put(record.key, record.value)
        byteCount += record.value.count
        if byteCount > 16 * 1_024 * 1_024 {
          try await commit(batch, to: store)
          batch = Batch()
          byteCount = 0
        }
      }
      try await commit(batch, to: store)
      count += places.count
      lower = Key(last.key.bytes + [0])
    }
  }

  private static func commit(_ batch: Batch, to store: FileStore) async throws {
    for result in try await store.commit([batch]) { _ = try result.get() }
  }
}

/// Keeps other stores away from a folder until it is released.
private final class FolderHolder {
  private var folder: StoreFolder?

  init(_ path: String) throws { folder = try StoreFolder(path, engine: "file") }

  func release() { folder = nil }
}
