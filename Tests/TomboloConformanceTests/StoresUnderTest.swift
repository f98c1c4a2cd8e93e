import SQLiteStorage
import TomboloConformance
import TomboloPorts
import TomboloStorage

/// The engines that every rule is run against: one line each.
enum StoresUnderTest {
  static let all = [
    StoreUnderTest("memory") { StoreFixture { InMemoryStore() } },
    StoreUnderTest("sqlite") { try .folder { try await SQLiteStore(path: $0, durability: .none) } },
  ]
}

/// An engine, by the word that a config file has for it.
struct StoreUnderTest: Sendable, CustomStringConvertible {
  let description: String
  let conformance: StoreConformance

  init(_ name: String, makeFixture: @escaping @Sendable () async throws -> StoreFixture) {
    description = name
    conformance = StoreConformance(makeFixture: makeFixture)
  }
}
