/// The text of `/proc/mounts`: which kind of file system a folder lies on (`proc_pid_mounts(5)`).
struct MountTable {
  private struct Mount {
    var folder: String
    var type: String
  }

  /// File systems whose disk is another machine's, or may be.
  private static let remoteTypes: Set<String> = [
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "ceph", "glusterfs", "lustre", "afs", "9p", "virtiofs", "fuse.sshfs",
    "fuse.rclone", "fuse.s3fs", "fuse.glusterfs",
  ]

  private let mounts: [Mount]

  init(_ text: String) {
    mounts = text.split(separator: "\n").compactMap { line in
      let fields = line.split(separator: " ")
      guard fields.count >= 3 else { return nil }
      return Mount(folder: Self.unescaped(fields[1]), type: String(fields[2]))
    }
  }

  /// Whether `folder`, an absolute path without links, lies on a remote disk.
  func isRemote(_ folder: String) -> Bool {
    let above = mounts.filter { mount in
      mount.folder == "/" || folder == mount.folder || folder.hasPrefix(mount.folder + "/")
    }
    // Of two on one folder, the later one covers the other.
    let nearest = above.enumerated().max { ($0.element.folder.count, $0.offset) < ($1.element.folder.count, $1.offset) }
    return nearest.map { Self.remoteTypes.contains($0.element.type) } ?? false
  }

  /// Spaces and their like are written as three octal digits.
  private static func unescaped(_ field: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = field.utf8[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "\\"), let code = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8) {
        bytes.append(code)
        rest = rest.dropFirst(3)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
