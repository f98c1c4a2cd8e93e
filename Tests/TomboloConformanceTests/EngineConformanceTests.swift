import Foundation
import Testing
import TomboloConformance

@Suite("Every engine keeps the contract of KeyValueStore, encrypted too")
struct EngineConformanceTests {
  /// The same choices in every run; the nightly ones try others.
  private static let seed: UInt64 =
    ProcessInfo.processInfo.environment["TOMBOLO_NIGHTLY"] == "1" ? .random(in: .min ... .max) : 42

  @Test("Rules", arguments: StoresUnderTest.all, StoreConformance.rules)
  func keeps(_ store: StoreUnderTest, _ rule: ConformanceRule) async throws {
    try await store.conformance.check(rule, seed: Self.seed).get()
  }
}
