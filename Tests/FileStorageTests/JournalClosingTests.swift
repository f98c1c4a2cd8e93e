import Testing
import TomboloPorts

@testable import FileStorage

@Suite("Journal: closing")
struct JournalClosingTests {
  @Test("Closing gives back a part, in a bounded number of flushes, however much there is to give back")
  func boundedFlushes() async throws {
    let files = SimulatedFiles()
    var options = JournalUnderTest.small
    options.closingByteCountMaximum = 1 << 20
    let store = try JournalUnderTest(files, options: options)
    for start in stride(from: 0, to: 6_000, by: 10) {
      var batch = Batch()
      for number in start..<start + 10 { batch.put(Key("key \(number)"), [UInt8](repeating: 1, count: 100)) }
      try store.commit([batch])
      // Other tests want the thread, too.
      await Task.yield()
    }
    // All at once, so that commits had no occasion to give anything back.
    var batch = Batch()
    for number in 0..<6_000 where number % 3 != 0 { batch.delete(Key("key \(number)")) }
    try store.commit([batch])
    let before = (records: try store.records(), byteCount: store.journal.byteCount, flushes: files.count(of: "sync"))
    #expect(store.journal.isCleaningDue)
    try store.close()
    let flushes = files.count(of: "sync") - before.flushes
    print("closing with \(before.byteCount) bytes, most of them not needed: \(flushes) flushes")
    // A step may make a segment and remove one.
    #expect(flushes <= 3 * Journal.closingStepCountMaximum + 4)
    #expect(store.journal.byteCount < before.byteCount)
    #expect(try JournalUnderTest(files.afterKill(), options: options).records() == before.records)
  }
}
