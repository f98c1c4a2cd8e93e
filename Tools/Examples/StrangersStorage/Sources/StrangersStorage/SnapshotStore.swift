import Dispatch
public import TomboloPorts

/// A store that keeps everything in memory and writes one file anew with every commit: durable, simple, and fit for a few
/// thousand records. It keeps no reserve for a full disk: while there is no room for a second file, nothing is written.
public actor SnapshotStore: KeyValueStore {
  public nonisolated let capabilities = StoreCapabilities(
    isDurable: true, isShareable: false, valueByteCountMaximum: 1_024 * 1_024, mutationCountMaximum: 10_000)

  private let thread = SnapshotThread()
  public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  /// `nil` when the store was closed.
  private var folder: SnapshotFolder?
  private var snapshot = Snapshot()

  public init(path: String) async throws {
    let folder = try SnapshotFolder(path: path)
    self.folder = folder
    snapshot = try folder.load()
  }

  public func get(_ keys: [Key]) throws -> [Record?] {
    _ = try openFolder()
    return keys.map { snapshot[$0] }
  }

  public func scan(_ range: KeyRange, reverse: Bool, limit: Int) throws -> [Record] {
    _ = try openFolder()
    let keys = snapshot.keys(in: range)
    return (reverse ? keys.reversed() : keys).prefix(max(0, limit)).compactMap { snapshot[$0] }
  }

  public func commit(_ batches: [Batch]) throws -> [BatchResult] {
    let folder = try openFolder()
    var next = snapshot
    var mutationCount = 0
    let results = batches.map { batch -> BatchResult in
      if let refusal = capabilities.refusal(of: batch, after: mutationCount) { return .refused(refusal) }
      for check in batch.checks where next[check.key]?.revision != check.expected {
        return .refused(.conflict(key: check.key, expected: check.expected, actual: next[check.key]?.revision))
      }
      mutationCount += batch.mutations.count
      return .committed(next.apply(batch.mutations))
    }
    do {
      if next.lastRevision != snapshot.lastRevision { try folder.save(next) }
    } catch let error as StoreError where error.code == .outcomeUnknown {
      // Going on in memory could contradict the disk.
      close()
      throw error
    }
    snapshot = next
    return results
  }

  public func close() {
    (folder, snapshot) = (nil, Snapshot())
  }

  private func openFolder() throws -> SnapshotFolder {
    try Task.checkCancellation()
    guard let folder else { throw StoreError(.closed, "the store was closed") }
    return folder
  }
}

/// Blocking calls belong on a thread of their own.
private final class SnapshotThread: SerialExecutor {
  private let queue = DispatchQueue(label: "snapshot")

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
  }
}
