import Foundation

/// A folder of a test's own.
struct TemporaryFolder {
  var path: String
  /// The database an `LMDBStore` keeps in it.
  var database: String { "\(path)/tombolo.lmdb" }

  /// Makes a folder, runs `body`, and removes it.
  static func with<Value>(_ body: (TemporaryFolder) async throws -> Value) async throws -> Value {
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

  func bytes(of file: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: file)))
  }

  func write(_ bytes: [UInt8], to file: String) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: file))
  }

  func byteCount(of file: String) throws -> Int {
    try FileManager.default.attributesOfItem(atPath: file)[.size] as? Int ?? 0
  }

  func exists(_ file: String) -> Bool { FileManager.default.fileExists(atPath: file) }
}
