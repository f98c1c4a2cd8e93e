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

  /// Calls `visit` with every segment, one in memory at a time. What the system cannot read of it is a gap; a file that cannot
  /// be opened is `nil`, and a gap of no length.
  func forEachSegment(_ visit: (OpenFile?, UInt64, SegmentSalvage) throws -> Void) throws {
    let numbers = try numbers()
    let salt = try salt(numbers)
    for number in numbers {
      let (file, salvage) = segment(number, salt: salt)
      try visit(file, number, salvage)
    }
  }

  private func segment(_ number: UInt64, salt: UInt64?) -> (OpenFile?, SegmentSalvage) {
    do throws(StoreError) {
      let file = try OpenFile(location.segment(number), .reading, in: files)
      return (file, SegmentSalvage(try SegmentContent(of: file), number: number, salt: salt))
    } catch {
      return (nil, SegmentSalvage(unopened: number, error.message))
    }
  }

  /// Runs `body` on this thread.
  func run<Value: Sendable>(_ body: @Sendable (isolated FolderInspector) throws -> Value) throws -> Value {
    try body(self)
  }

  /// From the first header that is intact, or the note beside the journal.
  private func salt(_ numbers: [UInt64]) throws -> UInt64? {
    for number in numbers {
      do throws(JournalDamage) {
        return try SegmentHeader.decoded(try head(of: number)).salt
      } catch {
        // Told where the segment itself is read.
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

  private func head(of number: UInt64) throws(JournalDamage) -> [UInt8] {
    do {
      return try OpenFile(location.segment(number), .reading, in: files).read(SegmentHeader.byteCount, at: 0)
    } catch {
      throw JournalDamage(0, error.message)
    }
  }
}
