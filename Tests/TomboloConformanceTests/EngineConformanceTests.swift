import TomboloConformance
import Testing

@Suite("Every engine keeps the contract of KeyValueStore, encrypted too")
struct EngineConformanceTests {
  @Test("Rules", arguments: StoresUnderTest.all, StoreConformance.rules)
  func keeps(_ store: StoreUnderTest, _ rule: ConformanceRule) async throws {
    try await store.conformance.check(rule).get()
  }
}
