import Foundation
import TomboloConformance
import Testing

@Suite("The rules catch every store of the gallery of broken ones")
struct GalleryTests {
  private static let seed: UInt64 = 42

  @Test("Matrix", arguments: Flaw.allCases)
  func matrix(_ flaw: Flaw) async throws {
    let conformance = StoreConformance { FlawedDisk.fixture(flaw) }
    let report = try await conformance.run(seed: Self.seed) {
      if $0.duration > .seconds(3) { FileHandle.standardError.write(Data("SLOW \(flaw) \($0.rule)\n".utf8)) }
    }
    FileHandle.standardError.write(
      Data(("MATRIX \(flaw) " + report.violations.map(\.ruleID).joined(separator: " ") + "\n").utf8))
  }
}
