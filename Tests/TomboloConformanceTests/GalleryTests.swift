import Testing
import TomboloConformance

@Suite("The rules catch every store of the gallery of broken ones", .serialized)
struct GalleryTests {
  /// Fixed, so that random choices are the same in every run.
  private static let seed: UInt64 = 42
  /// None of these stores hangs; a rule that takes long waits for the tests beside it.
  private static let timeLimit = Duration.seconds(1_800)

  @Test("A store that keeps every promise keeps every rule")
  func flawless() async throws {
    let report = try await StoreConformance(timeLimit: Self.timeLimit) { FlawedDisk.fixture(nil) }.run(seed: Self.seed)
    #expect(report.isConforming, "\(report)")
    #expect(report.notApplicableCount == 0, "\(report)")
  }

  @Test("A broken store is caught by the rules of what it breaks, and by no other", arguments: Flaw.allCases)
  func caught(_ flaw: Flaw) async throws {
    let conformance = StoreConformance(timeLimit: Self.timeLimit) { FlawedDisk.fixture(flaw) }
    var caught: Set<String> = []
    for rule in StoreConformance.rules {
      // A rule whose outcome hangs on the order of tasks gets more chances.
      let attemptCount = flaw.rules.contains(rule.id) && Flaw.isByChance(rule.id) ? 20 : 1
      for _ in 0..<attemptCount where !caught.contains(rule.id) {
        if try await conformance.check(rule, seed: Self.seed).violation != nil { caught.insert(rule.id) }
      }
    }
    print("\(flaw.rawValue): \(StoreConformance.rules.map(\.id).filter(caught.contains).joined(separator: ", "))")
    #expect(!flaw.rules.isEmpty)
    #expect(flaw.rules.subtracting(caught).sorted() == [], "rules that should have caught it")
    #expect(caught.subtracting(flaw.rules).filter { !Flaw.isByChance($0) } == [], "rules that should not have")
  }

  @Test("Every rule catches a broken store")
  func everyRuleCatches() {
    let catching = Flaw.allCases.reduce(into: Set<String>()) { $0.formUnion($1.rules) }
    #expect(StoreConformance.rules.map(\.id).filter { !catching.contains($0) } == [])
    #expect(catching.subtracting(StoreConformance.rules.map(\.id)) == [])
  }
}
