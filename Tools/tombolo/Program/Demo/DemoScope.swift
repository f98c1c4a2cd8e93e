import Foundation
import TomboloPorts

/// Lends something that must be closed, and closes it in whatever way `body` ends.
func withClosing<Resource: Closable, Result>(
  _ resource: Resource, _ body: (Resource) async throws -> Result
) async throws -> Result {
  let result: Result
  do {
    result = try await body(resource)
  } catch {
    do {
      try await resource.close()
    } catch let closingError {
      throw DemoError("\(error); and then, closing: \(closingError)")
    }
    throw error
  }
  try await resource.close()
  return result
}

/// A folder of the demo's own, removed with everything in it when it is closed.
struct DemoFolder: Closable {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appendingPathComponent("tombolo-demo-\(UUID().uuidString)")
    try FileManager.default.createDirectory(
      at: url, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
  }

  var exists: Bool { FileManager.default.fileExists(atPath: url.path) }

  func close() async throws {
    guard exists else { return }
    try FileManager.default.removeItem(at: url)
  }
}
