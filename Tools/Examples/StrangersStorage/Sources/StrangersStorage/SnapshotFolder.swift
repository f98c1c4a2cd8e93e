import Foundation
import TomboloPorts

/// The folder of a store: its one file, and the lock that keeps others out for as long as this object lives.
final class SnapshotFolder: Sendable {
  private let folder: URL
  private let lock: Int32
  private var file: URL { folder.appendingPathComponent("snapshot") }

  init(path: String) throws {
    folder = URL(fileURLWithPath: path, isDirectory: true)
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw StoreError(.inaccessible, "\(path): the folder cannot be made; name another `path`", cause: error)
    }
    lock = open("\(path)/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard lock >= 0 else { throw StoreError(.inaccessible, "\(path)/lock cannot be opened; check its permissions") }
    guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
      let holder = (try? String(contentsOfFile: "\(path)/lock", encoding: .utf8)) ?? "unknown"
      throw StoreError(.inUse, "\(path) is in use by the process with pid \(holder); close it there first")
    }
    let holder = "\(getpid())"
    guard ftruncate(lock, 0) == 0, pwrite(lock, holder, holder.utf8.count, 0) == holder.utf8.count else {
      throw StoreError(.inaccessible, "\(path)/lock cannot be written; check its permissions and the room on the disk")
    }
  }

  deinit { close(lock) }

  func load() throws -> Snapshot {
    guard FileManager.default.fileExists(atPath: file.path) else { return Snapshot() }
    do {
      return try Snapshot(bytes: Data(contentsOf: file))
    } catch {
      // Never begin empty over what cannot be read: the next commit would destroy it.
      throw StoreError(.damaged, "\(file.path): it cannot be read; put a backup in its place", cause: error)
    }
  }

  /// Writes beside the old snapshot, forces that to the disk, and then gives it the name: there is always one that is whole.
  func save(_ snapshot: Snapshot) throws {
    var isNamed = false
    do {
      let draft = folder.appendingPathComponent("snapshot.new")
      try snapshot.bytes().write(to: draft)
      try FileHandle(forUpdating: draft).synchronize()
      guard rename(draft.path, file.path) == 0 else { throw CocoaError(.fileWriteUnknown) }
      isNamed = true
      try FileHandle(forReadingFrom: folder).synchronize()
    } catch {
      let isFull = (error as? CocoaError)?.code == .fileWriteOutOfSpace
      let code: StoreError.Code = isNamed ? .outcomeUnknown : isFull ? .full : .engine
      throw StoreError(code, "\(file.path): writing a new snapshot failed; is there room on the disk?", cause: error)
    }
  }
}
