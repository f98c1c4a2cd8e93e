import FileStorage
import LMDBStorage
import SQLiteStorage
import StorageEncryption
import TomboloConformance
import TomboloPorts
import TomboloStorage

/// The engines that every rule is run against, plain and encrypted: one line each.
enum StoresUnderTest {
  static let all = [
    StoreUnderTest("memory") { StoreFixture { InMemoryStore() } },
    StoreUnderTest("file") { try .folder { try await FileStore(path: $0, durability: .none) } },
    StoreUnderTest("lmdb") { try .folder { try await LMDBStore(path: $0, durability: .none) } },
    StoreUnderTest("sqlite") { try .folder { try await SQLiteStore(path: $0, durability: .none) } },
    StoreUnderTest("memory, encrypted") { try encrypted(StoreFixture { InMemoryStore() }) },
    StoreUnderTest("file, encrypted") { try encrypted(.folder { try await FileStore(path: $0, durability: .none) }) },
    StoreUnderTest("lmdb, encrypted") { try encrypted(.folder { try await LMDBStore(path: $0, durability: .none) }) },
    StoreUnderTest("sqlite, encrypted") {
      try encrypted(.folder { try await SQLiteStore(path: $0, durability: .none) })
    },
  ]

  /// A place whose store is encrypted, under one key at every opening.
  private static func encrypted(_ fixture: StoreFixture) throws -> StoreFixture {
    let keys = try EncryptionKeys(EncryptionKey())
    let (open, openAfterCrash) = (fixture.open, fixture.openAfterCrash)
    var fixture = fixture
    fixture.open = { try await encrypted(try await open(), keys) }
    if let openAfterCrash {
      fixture.openAfterCrash = { try await encrypted(try await openAfterCrash(), keys) }
    }
    return fixture
  }

  /// A store that cannot be encrypted is closed, as the composition does it.
  private static func encrypted(_ store: any KeyValueStore, _ keys: EncryptionKeys) async throws -> any KeyValueStore {
    do {
      return try await EncryptedStore.open(store, keys: keys)
    } catch {
      try await store.close()
      throw error
    }
  }
}

/// A store, by the word that a config file has for its engine.
struct StoreUnderTest: Sendable, CustomStringConvertible {
  let description: String
  let conformance: StoreConformance

  init(_ name: String, makeFixture: @escaping @Sendable () async throws -> StoreFixture) {
    description = name
    // A rule takes hundreds of turns, and each may have to wait until a long test beside it gives a thread back.
    conformance = StoreConformance(timeLimit: .seconds(1_800), makeFixture: makeFixture)
  }
}
