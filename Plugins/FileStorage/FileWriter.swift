import TomboloPorts
import TomboloStorage

/// The writing half of a `FileStore`: judges batches and appends them to the journal, on a thread of its own or in place
/// (`SerialThreadExecutor.run(on:_:)`).
actor FileWriter {
  private struct Session {
    /// Held as long as the journal is.
    var folder: StoreFolder?
    var journal: Journal
  }

  private let index: FileIndex
  nonisolated let executor: SerialThreadExecutor
  private var session: Session?

  init(index: FileIndex, executor: SerialThreadExecutor) {
    self.index = index
    self.executor = executor
  }

  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  func open(_ opening: JournalOpening, isLocking: Bool) throws {
    try Task.checkCancellation()
    let folder = isLocking ? try StoreFolder(opening.location.folder, engine: "file") : nil
    session = Session(folder: folder, journal: try opening.open(into: index))
  }

  func commit(_ batches: [Batch], within capabilities: StoreCapabilities) throws -> [BatchResult] {
    // The last moment to turn back: nothing below waits, and nothing below is left half done.
    try Task.checkCancellation()
    guard let journal = session?.journal else { throw StoreError(.closed, "the store was closed") }
    return try journal.commit(batches, within: capabilities)
  }

  /// Gives up everything. What it could not do is thrown after the locks are released, and closing again is no error.
  func close() throws {
    guard let closing = session else { return }
    session = nil
    index.close()
    try closing.journal.finish()
  }

  /// Copies out of old segments what is worth it, before closing.
  func clean() throws {
    guard let journal = session?.journal, journal.defect == nil else { return }
    do {
      try journal.cleanBeforeClosing()
    } catch let error as StoreError where error.code == .full {
      // Room is given back some other time.
      return
    }
  }
}
