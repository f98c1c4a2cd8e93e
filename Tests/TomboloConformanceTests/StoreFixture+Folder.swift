import Foundation
import Synchronization
import TomboloConformance
import TomboloPorts

extension StoreFixture {
  /// A place that is a folder. A crash is played by going on with a copy of its files, made while the store is open.
  static func folder(_ open: @escaping @Sendable (String) async throws -> any KeyValueStore) throws -> StoreFixture {
    let root = FileManager.default.temporaryDirectory.appendingPathComponent("tombolo-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
    let generation = Mutex(0)
    return StoreFixture {
      try await open("\(root)/\(generation.withLock { $0 })")
    } openAfterCrash: {
      let former = generation.withLock { $0 }
      try FileManager.default.copyItem(atPath: "\(root)/\(former)", toPath: "\(root)/\(former + 1)")
      generation.withLock { $0 = former + 1 }
      return try await open("\(root)/\(former + 1)")
    } dispose: {
      try FileManager.default.removeItem(atPath: root)
    }
  }
}
