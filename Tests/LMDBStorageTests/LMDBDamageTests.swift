import Foundation
import Testing
import TomboloPorts
import TomboloTesting

@Suite("A damaged LMDBStore")
struct LMDBDamageTests {
  private static let isNightly = ProcessInfo.processInfo.environment["TOMBOLO_NIGHTLY"] == "1"
  /// How often each kind of damage is done.
  private static let trialCount = isNightly ? 500 : 20

  @Test(
    "opens with exactly the committed state and goes on working, or refuses as damaged, naming the file and what to do",
    arguments: LMDBDamage.allCases)
  func damage(kind: LMDBDamage) async throws {
    // The same places in every run; the nightly ones look at others.
    let seed = Self.isNightly ? UInt64.random(in: .min ... .max) : 1
    var random = SeededGenerator(seed: seed)
    try await TemporaryFolder.with { folder in
      let trial = try await LMDBDamageTrial(folder)
      var refusalCount = 0
      var trialCount = 0
      // What is in use is most of the file; further trials make it certain that some damage met it, and not only likely.
      while trialCount < Self.trialCount || refusalCount <= Self.trialCount / 10, trialCount < 20 * Self.trialCount {
        trialCount += 1
        var bytes = trial.whole
        let place = kind.apply(to: &bytes, &random)
        do {
          guard case .refused(let error) = try await trial.run(bytes) else { continue }
          refusalCount += 1
          #expect(error.code == .damaged, "seed \(seed), \(place): \(error)")
          #expect(error.message.contains(folder.database), "seed \(seed), \(place): \(error)")
        } catch {
          Issue.record(error, "seed \(seed), \(place)")
        }
      }
      #expect(refusalCount > Self.trialCount / 10, "seed \(seed)")
    }
  }

  @Test("A page in use that is overwritten with noise is damage, whichever it is")
  func overwrittenPage() async throws {
    try await TemporaryFolder.with { folder in
      let trial = try await LMDBDamageTrial(folder)
      var refusalCount = 0
      // Every fifth: what a page is follows from no pattern.
      for page in stride(from: 0, to: trial.whole.count / 4_096, by: Self.isNightly ? 1 : 5) {
        var bytes = trial.whole
        for offset in 0..<512 { bytes[page * 4_096 + offset] = UInt8(truncatingIfNeeded: offset &* 37 &+ 91) }
        do {
          guard case .refused(let error) = try await trial.run(bytes) else { continue }
          #expect(error.code == .damaged, "page \(page)")
          refusalCount += 1
        } catch {
          Issue.record(error, "page \(page)")
        }
      }
      #expect(refusalCount > trial.whole.count / 4_096 / (Self.isNightly ? 4 : 20))
    }
  }

  @Test("No bit of what the meta pages say brings an older state back, or any other, when it is flipped")
  func metaBits() async throws {
    try await TemporaryFolder.with { folder in
      let trial = try await LMDBDamageTrial(folder)
      // What LMDB does not go by: a padding, and the size and address of a map.
      let ignored = Set(8..<10).union(24..<40)
      for page in 0..<2 {
        for offset in 0..<152 where !ignored.contains(offset) {
          for bit in Self.isNightly ? Array(0..<8) : [offset % 8] + (offset == 144 ? [1] : []) {
            var bytes = trial.whole
            bytes[page * 4_096 + offset] ^= 1 << UInt8(bit)
            do {
              _ = try await trial.run(bytes)
            } catch {
              Issue.record(error, "bit \(bit) of byte \(offset) of meta page \(page)")
            }
          }
        }
      }
    }
  }
}
