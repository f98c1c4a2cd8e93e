import Foundation

/// A folder of a test's own, removed when the test is done with it.
package struct TemporaryFolder: Sendable {
  package var path: String

  /// Makes a folder, runs `body`, and removes it.
  package static func with<Value>(_ body: (TemporaryFolder) async throws -> Value) async throws -> Value {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("tombolo-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    do {
      let value = try await body(TemporaryFolder(path: url.path))
      try FileManager.default.removeItem(at: url)
      return value
    } catch {
      try FileManager.default.removeItem(at: url)
      throw error
    }
  }

  package func bytes(of file: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: file)))
  }

  package func write(_ bytes: [UInt8], to file: String) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: file))
  }

  package func exists(_ file: String) -> Bool { FileManager.default.fileExists(atPath: file) }

  /// The size of a file; zero when it is not there.
  package func byteCount(of file: String) -> Int {
    var status = stat()
    return stat(file, &status) == 0 ? Int(status.st_size) : 0
  }
}
