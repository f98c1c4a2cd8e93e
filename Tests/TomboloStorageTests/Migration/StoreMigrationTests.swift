import Synchronization
import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@Suite struct StoreMigrationTests {
  @Test("every record arrives, with the source's counts and digest, and no note is left", arguments: [0, 1, 16, 5_000])
  func copies(count: Int) async throws {
    let (source, target) = (InMemoryStore(), InMemoryStore())
    try await fill(source, count: count)
    let report = try await StoreMigration(from: source, named: "a", to: target).run()

    #expect(try await contents(target) == contents(source))
    #expect(report.recordCount == count)
    #expect(report.recordCountCopied == count)
    #expect(try await target.get(ReservedKeys.migration) == nil)
  }

  @Test("killed after any commit, the next run goes on after the last chunk and ends with the same contents")
  func resumes() async throws {
    let source = InMemoryStore()
    try await fill(source, count: 300)
    let expected = try await contents(source)
    var commitCount = 0
    while true {
      let target = InMemoryStore()
      let killed = FaultyStore(target, stoppingAfter: commitCount)
      do {
        _ = try await StoreMigration(from: source, named: "a", to: killed).run()
        break
      } catch let error as StoreError where error.code == .engine {
        let before = try await contents(target).count
        let report = try await StoreMigration(from: source, named: "a", to: target).run()
        #expect(report.recordCountCopied == 300 - before, "killed after \(commitCount) commits")
        #expect(try await contents(target) == expected, "killed after \(commitCount) commits")
        #expect(try await target.get(ReservedKeys.migration) == nil)
      }
      commitCount += 1
    }
    #expect(commitCount > 4)
  }

  @Test("a migration that has ended may be run again: it copies nothing and reports the same")
  func endsTwice() async throws {
    let (source, target) = (InMemoryStore(), InMemoryStore())
    try await fill(source, count: 50)
    let first = try await StoreMigration(from: source, named: "a", to: target).run()
    let second = try await StoreMigration(from: source, named: "a", to: target).run()
    #expect(second.digest == first.digest)
    #expect(second.recordCountCopied == 0)
  }

  @Test("a target with other records is refused, says what is there, and keeps it")
  func occupied() async throws {
    let (source, target) = (InMemoryStore(), InMemoryStore())
    try await fill(source, count: 5)
    try await put(target, "theirs", [1])
    let error = try await failure { try await StoreMigration(from: source, named: "a", to: target).run() }
    #expect(error.code == .targetNotEmpty)
    #expect(error.key == Key("theirs"))
    #expect(error.message.contains("theirs"))
    #expect(try await contents(target).map(\.key) == [Key("theirs")])
  }

  @Test("the unfinished copy of another source is refused, and both are named")
  func anotherSource() async throws {
    let (source, target) = (InMemoryStore(), InMemoryStore())
    try await fill(source, count: 100)
    await interrupt(source, named: "sqlite at ./a", target, after: 2)
    let error = try await failure {
      try await StoreMigration(from: source, named: "lmdb at ./b", to: target).run()
    }
    #expect(error.code == .otherMigration)
    #expect(error.message.contains("sqlite at ./a") && error.message.contains("lmdb at ./b"))
  }

  @Test("a source that changed while the migration lay still is found, wherever the change is", arguments: [0, 99])
  func changedBetweenRuns(index: Int) async throws {
    let (source, target) = (InMemoryStore(), InMemoryStore())
    try await fill(source, count: 100)
    await interrupt(source, named: "a", target, after: 2)
    try await put(source, name(index), [9])
    let error = try await failure { try await StoreMigration(from: source, named: "a", to: target).run() }
    #expect(error.code == .sourceChanged)
  }

  @Test("a source that is itself half a copy is refused")
  func unfinishedSource() async throws {
    let (source, half, target) = (InMemoryStore(), InMemoryStore(), InMemoryStore())
    try await fill(source, count: 100)
    await interrupt(source, named: "a", half, after: 2)
    let error = try await failure { try await StoreMigration(from: half, named: "b", to: target).run() }
    #expect(error.code == .sourceUnfinished)
  }

  @Test("what does not fit is found before anything is written")
  func tooLarge() async throws {
    let source = InMemoryStore()
    let target = InMemoryStore(
      capabilities: StoreCapabilities(
        isDurable: false, isShareable: false, keyByteCountMaximum: 64, valueByteCountMaximum: 512))
    try await fill(source, count: 50)
    try await put(source, "zz", [UInt8](repeating: 7, count: 513))
    let error = try await failure { try await StoreMigration(from: source, named: "a", to: target).run() }
    #expect(error.code == .doesNotFit)
    #expect(error.key == Key("zz"))
    #expect(try await contents(target).isEmpty)
  }

  @Test("a copy that differs is not called done", arguments: Tampering.Kind.allCases)
  func verification(kind: Tampering.Kind) async throws {
    let (source, target) = (InMemoryStore(), InMemoryStore())
    try await fill(source, count: 100)
    let bad = Tampering(target, kind: kind, key: Key(name(50)))
    let error = try await failure { try await StoreMigration(from: source, named: "a", to: bad).run() }
    #expect(error.code == .verificationFailed)
    #expect(error.key == (kind == .adds ? Key(name(50) + "+") : Key(name(50))))
    #expect(try await target.get(ReservedKeys.migration) != nil)
  }

  @Test("what is written to the source during the copy is found", arguments: [4, 5, 7])
  func writtenMeanwhile(scanCount: Int) async throws {
    let (source, target) = (InMemoryStore(), InMemoryStore())
    try await fill(source, count: 100)
    let meddler = Meddler(source, scansBefore: scanCount)
    let error = try await failure { try await StoreMigration(from: meddler, named: "a", to: target).run() }
    #expect([.sourceChanged, .verificationFailed].contains(error.code))
  }

  @Test("a target that takes few mutations in a commit gets small chunks")
  func smallCommits() async throws {
    let source = InMemoryStore()
    let target = InMemoryStore(
      capabilities: StoreCapabilities(isDurable: false, isShareable: false, mutationCountMaximum: 3))
    try await fill(source, count: 20)
    _ = try await StoreMigration(from: source, named: "a", to: target).run()
    #expect(try await contents(target) == contents(source))
  }

  @Test("progress grows in each phase and ends at the totals")
  func progress() async throws {
    let (source, target) = (InMemoryStore(), InMemoryStore())
    try await fill(source, count: 500)
    let told = Mutex<[MigrationProgress]>([])
    let migration = StoreMigration(from: source, named: "a", to: target) { step in told.withLock { $0.append(step) } }
    let report = try await migration.run()
    for phase in MigrationProgress.Phase.allCases {
      let steps = told.withLock { $0 }.filter { $0.phase == phase }
      #expect(steps.map(\.recordCount) == steps.map(\.recordCount).sorted())
      #expect(steps.last?.recordCount == 500)
      #expect(steps.last?.byteCount == report.byteCount)
      if phase != .surveying { #expect(steps.allSatisfy { $0.recordCountTotal == 500 }) }
    }
  }

  @Test("the source is only read")
  func readOnly() async throws {
    let (source, target) = (InMemoryStore(), InMemoryStore())
    try await fill(source, count: 100)
    let before = try await source.scan(.all, limit: .max)
    _ = try await StoreMigration(from: FaultyStore(source, stoppingAfter: 0), named: "a", to: target).run()
    #expect(try await source.scan(.all, limit: .max) == before)
  }
}
