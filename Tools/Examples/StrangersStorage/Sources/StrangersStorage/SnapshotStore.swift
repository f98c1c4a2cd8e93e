import Foundation
public import TomboloPorts
import TomboloStorage

/// A store that keeps everything in memory and writes one file anew with every commit: durable, simple, and fit for a few
/// thousand records.
///
/// The new file is written beside the old one, forced to the disk and then given its name, so that there is always exactly
/// one whole snapshot. It keeps no reserve for a full disk: while there is no room for a second file, nothing is written.
public actor SnapshotStore: KeyValueStore {
  public nonisolated let capabilities = StoreCapabilities(
    isDurable: true, isShareable: false, valueByteCountMaximum: 1_024 * 1_024, mutationCountMaximum: 10_000)

  // Blocking calls belong on a thread of their own, never on Swift's pool.
  private let executor: SerialThreadExecutor
  public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  private let folder: String
  private var file: String { "\(folder)/snapshot" }
  private var snapshot = Snapshot()
  private var lock: Int32?
  private var isClosed = false

  public init(path: String) async throws {
    folder = path
    do {
      executor = try SerialThreadExecutor(name: "snapshot")
    } catch {
      throw StoreError(.engine, "the store at \(path) needs a thread of its own", cause: error)
    }
    try openFolder()
  }

  deinit {
    if let lock { Glibc.close(lock) }
  }

  private func openFolder() throws {
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw StoreError(.inaccessible, "\(folder): the folder cannot be made; name another `path`", cause: error)
    }
    let lock = open("\(folder)/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard lock >= 0 else { throw failure("opening the lock") }
    guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
      let error = errno == EWOULDBLOCK ? inUse(lock) : failure("locking it")
      Glibc.close(lock)
      throw error
    }
    self.lock = lock
    let holder = Array("\(getpid())\n".utf8)
    guard ftruncate(lock, 0) == 0, pwrite(lock, holder, holder.count, 0) == holder.count else {
      throw failure("writing the holder's process identifier")
    }
    guard FileManager.default.fileExists(atPath: file) else { return }
    let bytes: Data
    do {
      bytes = try Data(contentsOf: URL(fileURLWithPath: file))
    } catch {
      throw StoreError(.inaccessible, "\(file): it cannot be read; check its permissions", cause: error)
    }
    // Never begin empty over what cannot be read: the next commit would destroy it.
    guard let snapshot = Snapshot(bytes: Array(bytes)) else {
      throw StoreError(.damaged, "\(file): it is damaged; move it away, then put a backup in its place or begin anew")
    }
    self.snapshot = snapshot
  }

  public func get(_ keys: [Key]) throws -> [Record?] {
    try requireOpen()
    return keys.map { snapshot.records[$0] }
  }

  public func scan(_ range: KeyRange, reverse: Bool, limit: Int) throws -> [Record] {
    try requireOpen()
    guard limit > 0 else { return [] }
    let inside = snapshot.records.values.filter { range.contains($0.key) }
    return Array(inside.sorted { reverse ? $1.key < $0.key : $0.key < $1.key }.prefix(limit))
  }

  public func commit(_ batches: [Batch]) throws -> [BatchResult] {
    try requireOpen()
    var next = snapshot
    var mutationCount = 0
    let results = batches.map { batch -> BatchResult in
      if let refusal = capabilities.refusal(of: batch, after: mutationCount) { return .refused(refusal) }
      for check in batch.checks where next.records[check.key]?.revision != check.expected {
        let actual = next.records[check.key]?.revision
        return .refused(.conflict(key: check.key, expected: check.expected, actual: actual))
      }
      mutationCount += batch.mutations.count
      return .committed(next.apply(batch.mutations))
    }
    if next.lastRevision != snapshot.lastRevision { try write(next) }
    snapshot = next
    return results
  }

  public func close() {
    isClosed = true
    snapshot = Snapshot()
    if let lock { Glibc.close(lock) }
    lock = nil
  }

  private func requireOpen() throws {
    try Task.checkCancellation()
    guard !isClosed else { throw StoreError(.closed, "the store at \(folder) was closed") }
  }

  private func write(_ snapshot: Snapshot) throws {
    let draft = open("\(file).new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard draft >= 0 else { throw failure("creating a new snapshot") }
    defer { Glibc.close(draft) }
    var rest = snapshot.bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(draft, $0.baseAddress, $0.count) }
      guard count > 0 else { throw failure("writing a new snapshot") }
      rest = rest.dropFirst(count)
    }
    guard fsync(draft) == 0, rename("\(file).new", file) == 0 else { throw failure("making a new snapshot durable") }
    let names = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    defer { if names >= 0 { Glibc.close(names) } }
    guard names >= 0, fsync(names) == 0 else {
      // The new name may be durable or not. Going on in memory could contradict the disk, so this store ends here.
      isClosed = true
      throw StoreError(
        .outcomeUnknown, "\(folder): whether the commit is durable cannot be known; open the store again and read",
        cause: failure("making the new name durable"))
    }
  }

  private func inUse(_ lock: Int32) -> StoreError {
    var bytes = [UInt8](repeating: 0, count: 16)
    let count = pread(lock, &bytes, bytes.count, 0)
    let holder = String(decoding: bytes.prefix(max(0, count)).prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    return StoreError(.inUse, "\(folder) is in use by the process with pid \(holder); close it there first")
  }

  private func failure(_ action: String) -> StoreError {
    let code: StoreError.Code =
      switch errno {
      case ENOSPC, EDQUOT: .full
      case EACCES, EPERM, EROFS, ENOENT, ENOTDIR: .inaccessible
      default: .engine
      }
    return StoreError(code, "\(folder): the system failed while \(action): \(String(cString: strerror(errno)))")
  }
}
