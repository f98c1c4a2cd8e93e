import Foundation
import TomboloStorage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Measures the place in which a store is to be made: how fast it flushes, and whether the disk is another machine's.
///
/// On a thread of its own, since a slow disk may take its time. Leaves nothing behind; a folder that is not there yet is not
/// made: the nearest one above it is measured.
actor FolderSurvey {
  /// What was found.
  struct Result: Hashable, Sendable {
    /// The median of a few flushed writes; `nil` when nothing could be written.
    var flushDuration: Duration?
    var isRemoteDisk = false
    /// A file in the folder that no store without an engine's name would have.
    var foreignFile: String?
  }

  /// What a store leaves in a folder before it notes its engine there.
  private static let harmlessFiles: Set<String> = ["tombolo.lock", "tombolo.engine.new"]

  /// What a survey that was killed leaves there, with its process behind it.
  private static let ownPrefix = "tombolo.survey."

  private static let writeCount = 5
  private static let writeByteCount = 4_096

  private let executor: SerialThreadExecutor
  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  init() throws { executor = try SerialThreadExecutor(name: "folder-survey") }

  /// Throws when the folder is there and cannot be listed.
  func survey(_ path: String) throws -> Result {
    let folder = Self.existing(path)
    var result = Result(isRemoteDisk: Self.isRemote(folder))
    if folder == path {
      result.foreignFile = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
        .first { !Self.harmlessFiles.contains($0) && !$0.hasPrefix(Self.ownPrefix) }
    }
    // Last: what it writes for a moment is nobody's file.
    result.flushDuration = Self.flushDuration(in: folder)
    return result
  }

  private static func existing(_ path: String) -> String {
    var path = path.isEmpty ? "." : path
    while access(path, F_OK) != 0 {
      guard let slash = path.lastIndex(of: "/") else { return "." }
      path = slash == path.startIndex ? "/" : String(path[..<slash])
      if path == "/" { return path }
    }
    return path
  }

  private static func flushDuration(in folder: String) -> Duration? {
    let name = "\(folder)/\(ownPrefix)\(getpid())"
    // One of a killed process that had this number; when there is none, that is no failure.
    unlink(name)
    let file = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard file >= 0 else { return nil }
    defer {
      close(file)
      unlink(name)
    }
    let bytes = [UInt8](repeating: 0x5A, count: writeByteCount)
    let clock = ContinuousClock()
    var durations: [Duration] = []
    for _ in 0..<writeCount {
      let start = clock.now
      guard write(file, bytes, bytes.count) == bytes.count, fsync(file) == 0 else { return nil }
      durations.append(clock.now - start)
    }
    return durations.sorted()[durations.count / 2]
  }

  /// Where the system does not say, the disk counts as this machine's own.
  private static func isRemote(_ folder: String) -> Bool {
    #if os(Linux)
      do {
        let mounts = try String(contentsOfFile: "/proc/mounts", encoding: .utf8)
        return MountTable(mounts).isRemote(URL(fileURLWithPath: folder).resolvingSymlinksInPath().path)
      } catch {
        return false
      }
    #else
      var status = statfs()
      guard statfs(folder, &status) == 0 else { return false }
      return status.f_flags & UInt32(MNT_LOCAL) == 0
    #endif
  }
}
