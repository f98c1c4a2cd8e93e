import Foundation

/// The repository these tests are part of.
enum Repository {
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// The Swift files below a folder, by their path from the root.
  static func swiftFiles(in folder: String) throws -> [String] {
    let base = root.appending(path: folder)
    guard let walker = FileManager.default.enumerator(at: base, includingPropertiesForKeys: nil) else {
      throw CocoaError(.fileReadNoSuchFile)
    }
    return walker.compactMap { $0 as? URL }
      .filter { $0.pathExtension == "swift" && !$0.path.contains("/.build") }
      .map { String($0.path.dropFirst(root.path.count)).trimmingPrefix("/").description }
      .sorted()
  }

  static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  /// The modules a file imports.
  static func imports(of path: String) throws -> Set<String> {
    let pattern =
      #/^\s*(?:@\w+\s+)?(?:(?:public|package|internal|private|fileprivate)\s+)?import\s+(?:struct\s+|class\s+|enum\s+|func\s+)?(\w+)/#
      .anchorsMatchLineEndings()
    return Set(try text(path).matches(of: pattern).map { String($0.1) })
  }
}
