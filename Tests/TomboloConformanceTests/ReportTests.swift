import Foundation
import Synchronization
import Testing
import TomboloConformance
import TomboloPorts
import TomboloStorage

@Suite("StoreConformance")
struct ReportTests {
  /// Nothing here is about it but where a store hangs: the tests beside these may take the threads for long.
  private static let timeLimit = Duration.seconds(1_800)

  @Test("Ids are unique and every rule has a sentence")
  func rules() {
    #expect(Set(StoreConformance.rules.map(\.id)).count == StoreConformance.rules.count)
    #expect(StoreConformance.rules.allSatisfy { $0.sentence.hasSuffix(".") })
  }

  @Test("Results are told as they come, and the report counts them")
  func report() async throws {
    var told: [String] = []
    let conformance = StoreConformance(timeLimit: Self.timeLimit) { StoreFixture { InMemoryStore() } }
    let report = try await conformance.run(seed: 7) { told.append($0.id) }
    #expect(told == StoreConformance.rules.map(\.id))
    #expect(report.isConforming)
    #expect(report.keptCount + report.notApplicableCount == told.count)
    #expect(report.summary.hasSuffix("\(report.notApplicableCount) not applicable; seed 7"))
    let lines = report.description.split(separator: "\n")
    #expect(lines.count == report.results.count + 1)
    for (line, rule) in zip(lines, StoreConformance.rules) {
      #expect(line.contains("  \(rule.id): “\(rule.sentence)”"), "\(line)")
    }
    #expect(lines.contains { $0.hasPrefix("kept            get.committed: ") })
    #expect(lines.contains { $0.hasSuffix("” But its capabilities say that it is not durable.") })
  }

  @Test("A report is there for programs too")
  func json() async throws {
    let rules = StoreConformance.rules.filter { ["get.order", "get.nothing", "durable.crash"].contains($0.id) }
    let fixture = FlawedDisk.fixture(.getDropsDuplicates)
    let report = try await StoreConformance(timeLimit: Self.timeLimit) {
      StoreFixture(open: fixture.open)
    }.run(rules, seed: .max)
    let json = try JSONSerialization.jsonObject(with: JSONEncoder().encode(report)) as? [String: Any]
    #expect(json?["conforming"] as? Bool == false)
    #expect(json?["violated"] as? Int == 1)
    #expect(json?["seed"] as? String == "\(UInt64.max)")
    let entries = try #require(json?["rules"] as? [[String: Any]])
    #expect(entries.compactMap { $0["outcome"] as? String } == ["violated", "kept", "notApplicable"])
    #expect(entries.compactMap { $0["message"] as? String }.count == 2)
    #expect(entries.allSatisfy { $0["seconds"] is Double })
  }

  @Test("A violation names rule, finding and seed; the same seed finds it again, with the same shortened commands")
  func shrinking() async throws {
    let rule = try #require(StoreConformance.rules.first { $0.id == "model.commands" })
    let conformance = StoreConformance(timeLimit: Self.timeLimit) { FlawedDisk.fixture(.firstMutationWins) }
    let violation = try #require(try await conformance.check(rule, seed: 42).violation)
    #expect(violation.description.hasPrefix("model.commands: the store and an ordered dictionary differ"))
    #expect(violation.description.hasSuffix("(seed 42)"))
    #expect(violation.message.contains("1 of 60 commands show it:\n  1. commit ["), "\(violation)")
    let mutationCount = violation.message.split(separator: "[").last?.split(separator: ",").count
    #expect(mutationCount == 2, "\(violation)")
    let again = try #require(try await conformance.check(rule, seed: 42).violation)
    #expect(again.message == violation.message)
  }

  @Test("A store that never answers violates the rule when its time is over, and does not hold up the run")
  func hanging() async throws {
    let rule = try #require(StoreConformance.rules.first { $0.id == "get.nothing" })
    let (hangs, hang) = AsyncStream<Void>.makeStream()
    let time = EventTime(over: hangs)
    let result = try await StoreConformance(timeLimit: .seconds(5), time: time) {
      StoreFixture { HangingStore { hang.finish() } }
    }.check(rule)
    #expect(result.violation?.message.contains("not done after 5.0 seconds") == true)
  }

  @Test("A store that cannot be opened violates every rule, with the error as cause")
  func unopenable() async throws {
    let rule = try #require(StoreConformance.rules.first)
    let result = try await StoreConformance(timeLimit: Self.timeLimit) {
      StoreFixture { throw StoreError(.inaccessible, "no such folder") }
    }.check(rule)
    #expect((result.violation?.cause as? StoreError)?.code == .inaccessible)
  }

  @Test("A cancelled run throws CancellationError")
  func cancelled() async {
    await withTaskGroup(of: Void.self) { group in
      group.cancelAll()
      group.addTask {
        await #expect(throws: CancellationError.self) {
          _ = try await StoreConformance(timeLimit: Self.timeLimit) { StoreFixture { InMemoryStore() } }.run()
        }
      }
    }
  }
}

/// Time that is over when an event comes.
private struct EventTime: TimeSource {
  let over: AsyncStream<Void>
  let now = Timestamp(millisecondsSinceEpoch: 0)
  let uptime = Duration.zero

  func sleep(for duration: Duration) async throws {
    for await _ in over {}
    try Task.checkCancellation()
  }
}

/// A store that answers no `get`, and does not heed cancellation; it is let go at the end of the process.
private struct HangingStore: KeyValueStore {
  let capabilities = StoreCapabilities(isDurable: false, isShareable: false)
  let onHang: @Sendable () -> Void

  func get(_ keys: [Key]) async throws -> [Record?] {
    onHang()
    return await withUnsafeContinuation { (_: UnsafeContinuation<[Record?], Never>) in }
  }

  func scan(_ range: KeyRange, reverse: Bool, limit: Int) async throws -> [Record] { [] }

  func commit(_ batches: [Batch]) async throws -> [BatchResult] {
    batches.map { _ in .committed(Revision(rawValue: 1)) }
  }

  func close() async throws {}
}
