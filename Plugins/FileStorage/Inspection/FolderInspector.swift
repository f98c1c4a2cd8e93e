import TomboloPorts
import TomboloStorage

/// Reads a store's folder without changing it, on a thread of its own.
actor FolderInspector {
  private let location: JournalLocation
  private let files: any FileSystem
  private let executor: SerialThreadExecutor

  init(folder: String, files: any FileSystem = SystemFiles()) throws {
    location = JournalLocation(folder: StoreFolder.withoutSlash(folder))
    self.files = files
    do {
      executor = try SerialThreadExecutor(name: "file-inspect")
    } catch {
      throw StoreError(.engine, "inspecting \(folder) needs a thread of its own", cause: error)
    }
  }

  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  /// The numbers of the segments that are there, ascending.
  func numbers() throws -> [UInt64] {
    try files.list(location.folder, "listing it").compactMap(location.number).sorted()
  }

  /// Calls `visit` with every segment, one in memory at a time. What the system cannot read of it is a gap.
  func forEachSegment(_ visit: (OpenFile, UInt64, SegmentSalvage) throws -> Void) throws {
    let numbers = try numbers()
    let salt = try salt(numbers)
    for number in numbers {
      let file = try OpenFile(location.segment(number), .reading, in: files)
      let content = try SegmentContent(of: file)
      try visit(file, number, SegmentSalvage(content, number: number, salt: salt))
    }
  }

  /// Runs `body` on this thread.
  func run<Value: Sendable>(_ body: @Sendable (isolated FolderInspector) throws -> Value) throws -> Value {
    try body(self)
  }

  /// From the first header that is intact, or the note beside the journal.
  private func salt(_ numbers: [UInt64]) throws -> UInt64? {
    for number in numbers {
      let file = try OpenFile(location.segment(number), .reading, in: files)
      do throws(JournalDamage) {
        return try SegmentHeader.decoded(try Self.head(of: file)).salt
      } catch {
        continue
      }
    }
    // Without the note a segment whose header is damaged is lost whole, and told to be.
    return try note()?.salt
  }

  /// Up to where which segment was acknowledged; `nil` when no intact note of this journal is there.
  func acknowledged() throws -> (number: UInt64, byteCount: Int)? {
    guard let note = try note(), try note.salt == salt(numbers()) else { return nil }
    return (note.number, note.byteCount(whenStarted: files.bootIdentifier))
  }

  private func note() throws -> Acknowledgement? {
    guard try files.list(location.folder, "listing it").contains("acknowledged") else { return nil }
    do throws(StoreError) {
      return Acknowledgement(
        try OpenFile(location.acknowledgement, .reading, in: files).read(Acknowledgement.byteCount, at: 0))
    } catch {
      // Nothing but what it says depends on it.
      return nil
    }
  }

  private static func head(of file: OpenFile) throws(JournalDamage) -> [UInt8] {
    do {
      return try file.read(SegmentHeader.byteCount, at: 0)
    } catch {
      throw JournalDamage(0, error.message)
    }
  }
}
