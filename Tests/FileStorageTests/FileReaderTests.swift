import Synchronization
import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import FileStorage

@Suite("FileReader")
struct FileReaderTests {
  private let files = SimulatedFiles()
  private let journal: JournalUnderTest
  private let reader: FileReader

  init() throws {
    journal = try JournalUnderTest(files, options: FileStoreOptions())
    reader = FileReader(executor: try SerialThreadExecutor(name: "file-read"))
  }

  private func put(_ name: String, byteCount: Int) throws {
    try journal.commit([Batch(mutations: [.put(Key(name), Self.value(name, byteCount))])])
  }

  private static func value(_ name: String, _ byteCount: Int) -> [UInt8] {
    let seed = Array(name.utf8)
    return (0..<byteCount).map { seed[$0 % seed.count] &+ UInt8(truncatingIfNeeded: $0) }
  }

  private func places(reverse: Bool = false) throws -> [FileIndex.Place] {
    try journal.journal.index.places(in: .all, reverse: reverse, limit: .max)
  }

  private func place(_ name: String) throws -> FileIndex.Place? {
    try journal.journal.index.places(of: [Key(name)]).first.flatMap(\.self)
  }

  @Test("What lies close together is read at once, whatever else lies there, and is what each has by itself")
  func together() async throws {
    let byteCounts = [0, 10, 64, 65, 300, 3_000, 5_000, 300_000, 70, 70]
    // By turns in the journal, so that neighbours there are none in order.
    for number in 0..<100 { try put("\(number % 2)/\(100 + number)", byteCount: byteCounts[number / 2 % 10]) }
    for number in stride(from: 0, to: 100, by: 7) {
      try journal.commit([Batch(mutations: [.delete(Key("\(number % 2)/\(100 + number)"))])])
    }
    for reverse in [false, true] {
      let places = try places(reverse: reverse)
      let before = files.count(of: "read")
      let records = try await reader.records(at: places)
      if !reverse { #expect(files.count(of: "read") - before < 30) }
      #expect(places.count == 85)
      #expect(records == (try places.map { try $0.record() }))
      for record in records {
        #expect(record.value == Self.value(String(decoding: record.key.bytes, as: UTF8.self), record.value.count))
      }
    }
    let asked = try ["1/101", "none", "0/102", "0/104", "0/100", "1/103", "1/103"].map { try place($0) }
    #expect(try await reader.records(at: asked) == (try asked.map { try $0?.record() }))
    #expect(asked.map { $0 == nil } == [false, true, false, false, true, false, false])
    #expect(try await reader.records(at: [FileIndex.Place]()) == [])
  }

  @Test("A long value is read by itself, and those in memory behind it need no call")
  func inMemory() async throws {
    try put("0", byteCount: 300_000)
    for number in 0..<50 { try put("1/\(100 + number)", byteCount: 10) }
    try put("2", byteCount: 100)
    let places = try places()
    let before = files.count(of: "read")
    let byteCounts = try await reader.records(at: places).map(\.value.count)
    #expect(byteCounts == [300_000] + Array(repeating: 10, count: 50) + [100])
    #expect(files.count(of: "read") - before == 2)
  }

  @Test("Where a part that is not needed cannot be read, the others are, and one that is needed is told")
  func unreadable() async throws {
    for name in ["a", "b", "c"] { try put(name, byteCount: 200) }
    let (gone, last) = (try #require(try place("b")), try #require(try place("c")))
    try journal.commit([Batch(mutations: [.delete(Key("b"))])])
    let path = JournalLocation(folder: JournalUnderTest.folder).segment(1)
    files.makeUnreadable(path, gone.entry.offset..<gone.entry.offset + 1)
    #expect(try await reader.records(at: try places()).map(\.key) == [Key("a"), Key("c")])
    files.makeUnreadable(path, last.entry.offset..<last.entry.offset + 1)
    let error = await #expect(throws: StoreError.self) { try await reader.records(at: try places()) }
    #expect(error?.message.contains(path) == true)
  }

  @Test("A byte that changed is told with its place, also among others; what the file no longer has is damage, too")
  func damaged() async throws {
    for name in ["a", "b", "c"] { try put(name, byteCount: 200) }
    let place = try #require(try place("b"))
    let path = JournalLocation(folder: JournalUnderTest.folder).segment(1)
    func change(_ body: (inout SimulatedFiles.Node) -> Void) {
      files.state.withLock { state in
        guard let node = state.names[path] else { return }
        body(&state.nodes[node, default: SimulatedFiles.Node()])
      }
    }
    change { $0.bytes[place.entry.offset + 7] ^= 1 }
    let alone = #expect(throws: StoreError.self) { try place.record() }
    let error = await #expect(throws: StoreError.self) { try await reader.records(at: try places()) }
    #expect(error?.code == .damaged && error?.message == alone?.message)
    change { node in
      node.bytes[place.entry.offset + 7] ^= 1
      node.bytes.removeLast(node.bytes.count - place.entry.offset - 100)
    }
    let short = await #expect(throws: StoreError.self) { try await reader.records(at: try places()) }
    #expect(short?.code == .damaged)
  }
}
