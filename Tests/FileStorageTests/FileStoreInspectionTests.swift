import Synchronization
import Testing
import TomboloPorts

@testable import FileStorage

@Suite("FileStoreDump and FileStoreRepair")
struct FileStoreInspectionTests {
  private func lines(_ path: String) async throws -> [String] {
    let lines = Mutex<[String]>([])
    try await FileStoreDump.dump(path: path) { line in lines.withLock { $0.append(line) } }
    return lines.withLock { $0 }
  }

  private func filled(_ path: String) async throws {
    let store = try await FileStore(path: path)
    for (key, value) in [("a", "one"), ("b", "two \"quoted\"\n"), ("c", "three")] {
      var batch = Batch()
      batch.put(Key(key), Array(value.utf8))
      _ = try await store.commit([batch])
    }
    var batch = Batch()
    batch.put(Key([0xFF, 0]), [0, 1, 2, 3])
    batch.delete(Key("a"))
    _ = try await store.commit([batch])
    try await store.close()
  }

  @Test("A dump shows every change as a line of JSON, text as text and bytes as base64")
  func dump() async throws {
    try await TemporaryFolder.with { folder in
      try await filled(folder.path)
      let lines = try await lines(folder.path)
      #expect(lines.count == 6)
      #expect(
        lines.first == #"{"segment":1,"offset":64,"sequence":1,"kind":"mark","epoch":1,"oldestSegment":1}"#)
      #expect(lines.contains { $0.hasSuffix(#""key":"b","value":"two \"quoted\"\n"}"#) })
      #expect(lines.contains { $0.hasSuffix(#""keyBase64":"/wA=","valueBase64":"AAECAw=="}"#) })
      #expect(lines.last?.hasSuffix(#""deleted":"a"}"#) == true)
    }
  }

  @Test("A repair saves every intact batch into a new folder and says where what was lost")
  func repair() async throws {
    try await TemporaryFolder.with { folder in
      let source = "\(folder.path)/old"
      try await filled(source)
      let segment = JournalLocation(folder: source).segment(1)
      var bytes = try folder.bytes(of: segment)
      let index = try #require(bytes.firstRange(of: Array("three".utf8))).lowerBound
      bytes[index] ^= 1
      try folder.write(bytes, to: segment)
      let refusal = await #expect(throws: StoreError.self) { try await FileStore(path: source) }
      #expect(refusal?.code == .damaged)
      let report = try await FileStoreRepair.repair(from: source, to: "\(folder.path)/new")
      #expect(report.recordCount == 2)
      let loss = try #require(report.losses.first)
      #expect(report.losses.count == 1)
      #expect(loss.path == segment)
      #expect((loss.offset..<loss.offset + loss.byteCount).contains(index))
      #expect(try folder.bytes(of: segment) == bytes, "the damaged store is left as it is")
      let store = try await FileStore(path: "\(folder.path)/new")
      #expect(try await store.scan(.all, limit: 9).map(\.key) == [Key("b"), Key([0xFF, 0])])
      try await store.close()
      #expect(try await lines(source).contains { $0.contains(#""kind":"gap""#) })
    }
  }

  @Test("A segment with a damaged header, and one that is missing, cost no more than themselves")
  func damagedHeader() async throws {
    try await TemporaryFolder.with { folder in
      let source = "\(folder.path)/old"
      try await filled(source)
      let segment = JournalLocation(folder: source).segment(1)
      var bytes = try folder.bytes(of: segment)
      bytes[20] ^= 1
      try folder.write(bytes, to: segment)
      let report = try await FileStoreRepair.repair(from: source, to: "\(folder.path)/new")
      #expect(report.recordCount == 3)
      #expect(report.losses.map(\.offset) == [0])
    }
  }
}
