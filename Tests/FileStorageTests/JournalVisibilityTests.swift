import Synchronization
import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import FileStorage

@Suite("What others see of a commit of a journal")
struct JournalVisibilityTests {
  /// A commit of several batches over few keys, so that many keys are changed more than once.
  private static func commits(_ seed: UInt64) -> [[Batch]] {
    var generator = SeededGenerator(seed: seed)
    var rest = Script(seed: seed, count: 200, keyCount: 20).batches[...]
    var commits: [[Batch]] = []
    while !rest.isEmpty {
      let count = Int.random(in: 1...5, using: &generator)
      commits.append(Array(rest.prefix(count)))
      rest = rest.dropFirst(count)
    }
    return commits
  }

  @Test("Nothing of it before it is durable, and all of it afterwards", arguments: [3, 100, Int.max])
  func visibility(limit: Int) throws {
    let seed = UInt64.random(in: 1 ... .max)
    let files = SimulatedFiles()
    let journal = try JournalUnderTest(files)
    let index = journal.journal.index
    let keys = (0..<20).map { Key("key/\($0)") }
    /// Everything, by the three ways to it.
    let look: @Sendable () throws -> [[Record?]] = {
      try [
        index.places(in: .all, reverse: false, limit: limit).map { try $0.record() },
        index.places(in: .all, reverse: true, limit: limit).map { try $0.record() },
        index.places(of: keys).map { try $0?.record() },
      ]
    }
    var model: [Key: [UInt8]] = [:]
    for commit in Self.commits(seed) {
      let before = try look()
      let seen = Mutex<[Result<[[Record?]], any Error>]>([])
      files.watchFlushes { seen.withLock { $0.append(Result { try look() }) } }
      try journal.commit(commit)
      files.watchFlushes(nil)
      for mutation in commit.flatMap(\.mutations) {
        switch mutation {
        case .put(let key, let value): model[key] = value
        case .delete(let key): model[key] = nil
        }
      }
      for view in seen.withLock({ $0 }) { #expect(try view.get() == before, "seed \(seed)") }
      let after = try look()
      #expect(after[2].map { $0?.value } == keys.map { model[$0] }, "seed \(seed)")
      let ordered = model.keys.sorted()
      #expect(after[0].map { $0?.key } == ordered.prefix(limit).map(Optional.some), "seed \(seed)")
      #expect(after[1].map { $0?.key } == ordered.reversed().prefix(limit).map(Optional.some), "seed \(seed)")
    }
    #expect(files.count(of: "sync") > 50)
    try requireSameCounts(journal, files)
  }

  /// What is counted is what is there.
  private func requireSameCounts(_ journal: JournalUnderTest, _ files: SimulatedFiles) throws {
    let (index, reopened) = (journal.journal.index, try JournalUnderTest(files.afterKill()).journal.index)
    #expect(reopened.liveByteCount == index.liveByteCount)
    for number in journal.journal.front...journal.journal.current.number {
      #expect(reopened.liveByteCount(ofSegment: number) == index.liveByteCount(ofSegment: number))
    }
  }

  @Test("What a commit that failed had prepared is seen by nobody")
  func failure() throws {
    let files = SimulatedFiles()
    let journal = try JournalUnderTest(files)
    try journal.commit([Batch(mutations: [.put(Key("a"), [1])])])
    files.watchFlushes { files.fail(1, with: .half(5)) }
    defer { files.watchFlushes(nil) }
    #expect(try journal.commitError([Batch(mutations: [.put(Key("b"), [2])])])?.code == .outcomeUnknown)
    let index = journal.journal.index
    #expect(try storeError { _ = try index.places(of: [Key("b")]) }?.code == .closed)
    #expect(try storeError { _ = try index.places(in: .all, reverse: false, limit: 9) }?.code == .closed)
  }
}
