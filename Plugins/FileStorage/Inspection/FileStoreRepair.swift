public import TomboloPorts
import TomboloStorage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Saves what is intact in a damaged `FileStore`.
///
/// Batches stay whole: of a batch that is damaged anywhere, nothing is taken. A file, or a part of one, that the system cannot read is
/// a loss like any other.
public enum FileStoreRepair {
  /// Reads the store in the folder `source`, which it leaves as it is, and makes a store of what is intact in `target`.
  ///
  /// It is made in `target.unfinished`, and gets its name when it is complete and durable. Records get new revisions.
  ///
  /// - Parameters:
  ///   - target: A folder that is not there yet, or is empty.
  ///   - warn: Told when the source is read without its lock, because it cannot be written and has none.
  /// - Throws: `StoreError` with `inUse` when the source is open, `inaccessible` when `target` cannot be made or is taken or a folder
  ///   cannot be listed, and what `FileStore` throws when it writes.
  public static func repair(
    from source: String, to target: String, warn: @escaping @Sendable (String) -> Void = { _ in }
  ) async throws -> RepairReport {
    let salvage = try await FileStoreSalvage(folder: source, warn: warn)
    defer { salvage.release() }
    let target = StoreFolder.withoutSlash(target)
    let draft = "\(target).unfinished"
    try requireFree(target, draft: draft)
    let store = try await FileStore(path: draft, durability: .normal)
    do {
      let count = try await copy(salvage, to: store)
      try await store.close()
      try name(draft, target)
      return RepairReport(recordCount: count, losses: salvage.losses)
    } catch {
      try await store.close()
      throw error
    }
  }

  /// What is intact of the store in the folder `source`, to read from. Holds the folder until the answer's store is closed.
  ///
  /// - Parameter warn: As above.
  /// - Throws: `StoreError` with `inUse` when the source is open, `inaccessible` when it is no folder of a store or cannot be listed.
  public static func salvage(
    from source: String, warn: @escaping @Sendable (String) -> Void = { _ in }
  ) async throws -> SalvagedStore {
    let salvage = try await FileStoreSalvage(folder: source, warn: warn)
    return SalvagedStore(store: salvage, losses: salvage.losses)
  }

  private static func copy(_ salvage: FileStoreSalvage, to store: FileStore) async throws -> Int {
    var count = 0
    var reader = salvage.reader()
    while let records = try await reader.chunk() {
      var batch = Batch()
      for record in records { batch.put(record.key, record.value) }
      for result in try await store.commit([batch]) { _ = try result.get() }
      count += records.count
    }
    return count
  }

  private static func requireFree(_ target: String, draft: String) throws {
    var status = stat()
    guard stat(draft, &status) != 0 else {
      throw StoreError(
        .inaccessible, "\(draft) is there already, left by a repair that did not finish; remove it and try again")
    }
    guard stat(target, &status) == 0 else { return }
    let names = try SystemFiles().list(target, "looking whether it is empty")
    guard names.allSatisfy({ $0 == "." || $0 == ".." }) else {
      throw StoreError(.inaccessible, "\(target) is not empty; name a new folder for what is saved")
    }
  }

  private static func name(_ draft: String, _ target: String) throws {
    do {
      try SystemFiles().rename(draft, to: target)
      let slash = target.lastIndex(of: "/")
      let parent = slash.map { $0 == target.startIndex ? "/" : String(target[..<$0]) } ?? "."
      try SystemFiles().synchronizeFolder(parent)
    } catch {
      throw error.storeError(target, "giving the repaired store its name; it is complete in \(draft)")
    }
  }
}
