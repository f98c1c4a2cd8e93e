import Foundation

/// A way in which the system fails a store.
struct Fault: Hashable, Sendable, CustomStringConvertible {
  enum Kind: Hashable, Sendable {
    /// The `number`th such call of each thread fails.
    case call(String, error: String, number: Int)
    /// No file may become longer: a write up to there is short, and one beyond fails.
    case fileSizeLimit(Int)
  }

  var kind: Kind

  /// Whether it may be told as damage: SQLite takes what the disk does not read for that, with good reason.
  var mayLookLikeDamage: Bool {
    if case .call("pread64", "EIO", _) = kind { true } else { false }
  }

  var description: String {
    switch kind {
    case .call(let name, let error, let number): "\(name) number \(number) fails with \(error)"
    case .fileSizeLimit(let byteCount): "files end at \(byteCount) bytes"
    }
  }

  /// The command to run a program with it.
  func tracer(trace: String) -> [String] {
    switch kind {
    case .call(let name, let error, let number):
      // A program that hangs is ended, and is then seen to have hung.
      [
        "timeout", "-k", "1", "600", "strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=\(name)", "-e",
        "inject=\(name):error=\(error):when=\(number)", "-o", trace,
      ]
    case .fileSizeLimit(let byteCount):
      ["timeout", "-k", "1", "600", "sh", "-c", "trap '' XFSZ; exec prlimit --fsize=\(byteCount) \"$@\"", "sh"]
    }
  }

  /// Calls by which stores read, write and name their files, with the ways they can fail.
  static let calls: [(name: String, errors: [String])] = [
    ("pwrite64", ["ENOSPC", "EDQUOT", "EIO", "EINTR"]), ("pwritev", ["ENOSPC", "EIO"]),
    ("write", ["ENOSPC", "EIO", "EINTR"]),
    ("writev", ["ENOSPC", "EIO"]), ("fdatasync", ["EIO", "ENOSPC"]), ("fsync", ["EIO", "ENOSPC"]), ("msync", ["EIO"]),
    ("sync_file_range", ["EIO", "ENOSPC", "ENOSYS"]),
    ("ftruncate", ["EIO", "ENOSPC", "EINTR"]), ("fallocate", ["ENOSPC", "EIO", "EINTR"]),
    ("rename", ["EIO", "ENOSPC"]), ("unlink", ["EIO"]), ("pread64", ["EIO", "EINTR"]),
  ]
}
