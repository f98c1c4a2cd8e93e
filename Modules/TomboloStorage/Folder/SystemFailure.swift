package import TomboloPorts

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A system call that failed.
package struct SystemFailure: Error, Hashable, Sendable, CustomStringConvertible {
  package var errorNumber: Int32

  package init(errorNumber: Int32) { self.errorNumber = errorNumber }

  package var description: String { String(cString: strerror(errorNumber)) }

  /// Whether an error number says that the disk, or the user's share of it, is full.
  /// Whether it says that there is no such file.
  package var isAboutAbsence: Bool { errorNumber == ENOENT }

  package static func isAboutRoom(_ errorNumber: Int32) -> Bool { errorNumber == ENOSPC || errorNumber == EDQUOT }

  /// The failure of the last system call on this thread, as a store's error.
  package static func last(_ path: String, _ action: String) -> StoreError {
    SystemFailure(errorNumber: errno).storeError(path, action)
  }

  /// The failure as a store's error.
  package func storeError(_ path: String, _ action: String) -> StoreError {
    let failure = self
    switch errorNumber {
    case ENOSPC, EDQUOT:
      return StoreError(
        .full, "\(path): there is no room left on the disk, while \(action); make room and try again", cause: failure)
    case ENOTDIR, EEXIST:
      return StoreError(
        .inaccessible, "\(path): part of this path is a file, where a folder is wanted; name another `path`",
        cause: failure)
    case EACCES, EPERM, EROFS, ENOENT, ELOOP, ENAMETOOLONG, EISDIR:
      return StoreError(
        .inaccessible,
        "\(path): it cannot be read and written, while \(action) (\(failure)); check its permissions and those of its "
          + "folder, or name another `path`", cause: failure)
    default:
      return StoreError(.engine, "\(path): the system failed, while \(action) (\(failure))", cause: failure)
    }
  }

  /// Makes `path` and the folders above it, readable by their owner alone, where they are missing.
  package static func makeFolder(_ path: String) throws {
    if mkdir(path, 0o700) == 0 { return }
    if errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex {
      try makeFolder(String(path[..<slash]))
      if mkdir(path, 0o700) == 0 { return }
    }
    let failure = last(path, "making the folder")
    guard errno == EEXIST else { throw failure }
    var status = stat()
    guard stat(path, &status) == 0 else { throw last(path, "looking at the folder") }
    guard status.st_mode & S_IFMT == S_IFDIR else { throw failure }
  }

  /// Makes the names in a folder durable.
  package static func synchronizeFolder(_ path: String) throws {
    let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { throw last(path, "opening the folder") }
    defer { close(folder) }
    guard fsync(folder) == 0 else { throw last(path, "making its names durable") }
  }
}
