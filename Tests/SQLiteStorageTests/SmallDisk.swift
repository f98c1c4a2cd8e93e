import Foundation
import Testing
import TomboloTesting

/// A disk of a few MiB, mounted on a folder of its own. Needs the rights of root, as `Tools/test` has them in CI.
struct SmallDisk {
  var path: String

  /// Mounts it, runs `body`, and takes it away. Records an issue, and runs nothing, where mounting is not allowed.
  static func with(byteCount: Int, _ body: (SmallDisk) async throws -> Void) async throws {
    try await TemporaryFolder.with { folder in
      guard mount("tmpfs", folder.path, "tmpfs", 0, "size=\(byteCount)") == 0 else {
        Issue.record("mounting failed with errno \(errno): run the tests as root, as Tools/test does in CI")
        return
      }
      defer { umount2(folder.path, 2) }
      try await body(SmallDisk(path: folder.path))
    }
  }

  /// What is free, in bytes.
  var freeByteCount: Int {
    var system = statvfs()
    guard statvfs(path, &system) == 0 else { return -1 }
    return Int(system.f_bavail) * Int(system.f_frsize)
  }

  /// Whether this process has a file of it open. What a store that was let go had open may be closed by threads of its own, a moment
  /// later.
  var isInUse: Bool {
    get throws {
      try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").contains { name in
        var target = [CChar](repeating: 0, count: 4_096)
        let count = readlink("/proc/self/fd/\(name)", &target, target.count)
        // One that was closed meanwhile leads nowhere.
        guard count > 0 else { return false }
        return String(decoding: target[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self).hasPrefix("\(path)/")
      }
    }
  }

  private var filler: String { "\(path)/filler" }

  /// Takes all room that is left, as another program might.
  func fillUp() {
    let file = open(filler, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    defer { close(file) }
    let chunk = [UInt8](repeating: 1, count: 4_096)
    while write(file, chunk, chunk.count) > 0 {}
  }

  /// Gives back what `fillUp` took.
  func empty() { unlink(filler) }
}
