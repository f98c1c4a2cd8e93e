import Foundation
import StrangersStorage
import Testing
import TomboloConformance
import TomboloPorts

@Suite("SnapshotStore")
struct SnapshotStoreTests {
  /// The promises that Tombolo's queue, counts and order are built on, one test case each.
  @Test(arguments: StoreConformance.rules)
  func keeps(_ rule: ConformanceRule) async throws {
    let conformance = StoreConformance {
      let folder = FileManager.default.temporaryDirectory.appending(path: "strangers-\(UUID().uuidString)").path
      return StoreFixture {
        try await SnapshotStore(path: folder)
      } dispose: {
        try FileManager.default.removeItem(atPath: folder)
      }
    }
    try await conformance.check(rule).get()
  }

  @Test("A damaged snapshot is refused, and left as it was")
  func damaged() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "strangers-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let store = try await SnapshotStore(path: folder.path)
    var batch = Batch()
    batch.put(Key("a"), [1, 2, 3])
    _ = try await store.commit([batch])
    await store.close()
    let file = folder.appending(path: "snapshot")
    var bytes = try Data(contentsOf: file)
    bytes[bytes.count - 10] ^= 1
    try bytes.write(to: file)
    let error = await #expect(throws: StoreError.self) { try await SnapshotStore(path: folder.path) }
    #expect(error?.code == .damaged)
    #expect(try Data(contentsOf: file) == bytes)
  }
}
