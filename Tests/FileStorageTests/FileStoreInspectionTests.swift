import Synchronization
import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

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
      #expect(loss.keys == [Key("c")], "the key is told, since only its value is damaged")
      #expect(try folder.bytes(of: segment) == bytes, "the damaged store is left as it is")
      let store = try await FileStore(path: "\(folder.path)/new")
      #expect(try await store.scan(.all, limit: 9).map(\.key) == [Key("b"), Key([0xFF, 0])])
      try await store.close()
      let gap = try #require(try await lines(source).first { $0.contains(#""kind":"gap""#) })
      #expect(gap.hasSuffix(#","records":[{"key":"c"}]}"#))
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

  @Test("A missing file is a loss, and nothing of what lies before the journal's beginning comes back")
  func missingFile() async throws {
    let files = SimulatedFiles()
    let store = try JournalUnderTest(files)
    let script = Script(seed: 7, count: 40)
    var kept: SimulatedFiles?
    for batch in script.batches {
      try store.commit([batch])
      if store.journal.front == 1, store.journal.older.count == 1 { kept = files.afterKill() }
    }
    let records = try store.records()
    let location = JournalLocation(folder: JournalUnderTest.folder)
    let front = store.journal.front
    #expect(front > 1)
    // A first segment that could not be removed when the journal left it behind.
    let leftover = files.afterKill()
    leftover.add(location.segment(1), try #require(kept?.bytes(location.segment(1))))
    let intact = try await salvaged(leftover)
    #expect(intact.records == records)
    #expect(intact.losses.isEmpty)

    let gappy = files.afterKill()
    try gappy.remove(location.segment(front))
    let gap = try await salvaged(gappy)
    #expect(gap.losses.map(\.path) == [location.segment(front)])
    #expect(gap.losses.map(\.reason) == ["the file is missing"])
  }

  @Test("What the disk cannot read is a loss of no more than its surroundings, and the rest is saved")
  func unreadable() async throws {
    let files = SimulatedFiles()
    let store = try JournalUnderTest(files, options: FileStoreOptions())
    for number in 0..<20 {
      var batch = Batch()
      batch.put(Key("key/\(100 + number)"), [UInt8](repeating: UInt8(number), count: 3_000))
      try store.commit([batch])
    }
    let path = JournalLocation(folder: JournalUnderTest.folder).segment(1)
    files.makeUnreadable(path, 30_000..<30_001)
    let found = try await salvaged(files)
    #expect(found.records.count >= 16 && found.records.count < 20)
    #expect(found.records.allSatisfy { $0.value.count == 3_000 })
    #expect(
      found.losses.contains { ($0.offset..<$0.offset + $0.byteCount).contains(30_000) && $0.reason.contains("read") })
  }

  @Test("A file that cannot be opened is a loss, with the reason, and the rest is saved and shown")
  func unopenable() async throws {
    let files = SimulatedFiles()
    let store = try JournalUnderTest(files)
    for batch in Script(seed: 7, count: 40).batches { try store.commit([batch]) }
    let location = JournalLocation(folder: JournalUnderTest.folder)
    let (front, newest) = (store.journal.front, store.journal.current.number)
    #expect(newest > front)
    for number in front...newest {
      let path = location.segment(number)
      let locked = files.afterKill()
      locked.makeUnopenable(path)
      let found = try await salvaged(locked)
      let loss = try #require(found.losses.first { $0.path == path }, "segment \(number)")
      #expect(loss.reason.contains("opening it"))
      #expect(found.losses.count { $0.path == path } == 1, "told once: \(found.losses)")
      #expect(!found.records.isEmpty)
    }
    let noteless = files.afterKill()
    noteless.makeUnopenable(location.acknowledgement)
    let found = try await salvaged(noteless)
    #expect(found.losses.isEmpty)
    #expect(try found.records == store.records())
  }

  @Test("What was acknowledged and is gone without a trace in any file is told, by name and place")
  func goneWithoutTrace() async throws {
    let files = SimulatedFiles()
    let store = try JournalUnderTest(files)
    for batch in Script(seed: 7, count: 40).batches { try store.commit([batch]) }
    let location = JournalLocation(folder: JournalUnderTest.folder)
    let (newest, front) = (store.journal.current.number, store.journal.front)
    #expect(newest > front)
    let complete = files.afterKill()
    #expect(try await salvaged(complete).losses.isEmpty)

    let headless = files.afterKill()
    try headless.remove(location.segment(newest))
    // With the newest segment it may be forgotten that an old one was no longer needed: then that one is told as well.
    #expect(try await salvaged(headless).losses.contains { $0.path == location.segment(newest) })

    for number in front...newest {
      let path = location.segment(number)
      let bytes = try #require(files.bytes(path))
      let lastFrame = SegmentSalvage(bytes, number: number, salt: nil).frames.last
      // A segment that was begun last may hold none yet.
      guard let lastFrame else { continue }
      let cut = files.afterKill()
      cut.add(path, Array(bytes[..<lastFrame.offset]))
      #expect(try await salvaged(cut).losses.contains { $0.path == path }, "cut at a border")
      let zeroed = files.afterKill()
      zeroed.add(path, bytes[..<lastFrame.offset] + [UInt8](repeating: 0, count: bytes.count - lastFrame.offset))
      #expect(try await salvaged(zeroed).losses.contains { $0.path == path }, "zeroes behind a border")
    }
  }

  private func salvaged(_ files: SimulatedFiles) async throws -> (records: [Record], losses: [RepairReport.Loss]) {
    let salvage = try await FileStoreSalvage(folder: JournalUnderTest.folder, files: files, isLocking: false)
    var reader = salvage.reader()
    var records: [Record] = []
    while let chunk = try await reader.chunk() { records += chunk }
    return (records, salvage.losses)
  }

  @Test(
    "A repair takes no folder that holds something, and leaves no half store behind a name that promises a whole one")
  func targets() async throws {
    try await TemporaryFolder.with { folder in
      let source = "\(folder.path)/old"
      try await filled(source)
      func refusal(_ target: String) async -> StoreError? {
        await #expect(throws: StoreError.self) { try await FileStoreRepair.repair(from: source, to: target) }
      }
      #expect(await refusal(source)?.code == .inaccessible)
      try folder.write([], to: "\(folder.path)/a")
      #expect(await refusal(folder.path)?.code == .inaccessible)
      try await filled("\(folder.path)/b.unfinished")
      let left = await refusal("\(folder.path)/b")
      #expect(left?.message.contains("b.unfinished is there already") == true)
      #expect(!folder.exists("\(folder.path)/b"))
      let store = try await FileStore(path: source)
      #expect(await refusal("\(folder.path)/c")?.code == .inUse)
      try await store.close()
      let none = await #expect(throws: StoreError.self) {
        try await FileStoreRepair.repair(from: "\(folder.path)/b", to: "\(folder.path)/d")
      }
      #expect(none?.code == .inaccessible)
      #expect(!folder.exists("\(folder.path)/b"), "looking for a store does not make its folder")
      let options = PluginOptions(path: "storage", values: ["path": .string(source), "durability": .string("full")])
      let context = PluginContext(time: SystemTimeSource(), warn: { _ in })
      let report = try await FileStoragePlugin.repair(options, into: "\(folder.path)/e/", in: context)
      #expect(report == RepairReport(recordCount: 3))
      let salvaged = try await FileStoragePlugin.salvage(options, in: context)
      #expect(salvaged.losses.isEmpty)
      #expect(try await salvaged.store.scan(.all, limit: 9).map(\.key) == [Key("b"), Key("c"), Key([0xFF, 0])])
      #expect(try await salvaged.store.get([Key("c"), Key("a")]).map { $0?.value } == [Array("three".utf8), nil])
      #expect(await refusal(source)?.code == .inUse, "it holds the store until it is closed")
      let writing = await #expect(throws: StoreError.self) { try await salvaged.store.commit([Batch()]) }
      #expect(writing?.code == .inaccessible)
      try await salvaged.store.close()
      let closed = await #expect(throws: StoreError.self) { try await salvaged.store.get(Key("c")) }
      #expect(closed?.code == .closed)
      try await FileStore(path: source).close()
    }
  }
}
