import StorageEncryption
import Synchronization
import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@Suite struct EncryptedStoreTests {
  @Test("what is put comes back, and the store beneath holds nothing readable")
  func roundTrip() async throws {
    let inner = InMemoryStore()
    let store = try await EncryptedStore.open(inner, keys: EncryptionKeys(EncryptionKey()))
    let secret = Array("attack at dawn".utf8)
    let revision = try await put(store, "a", secret)
    try await put(store, "b", [])

    #expect(try await store.get(Key("a")) == Record(key: Key("a"), value: secret, revision: revision))
    #expect(try await store.get(Key("b"))?.value == [])
    #expect(try await store.get(Key("c")) == nil)
    for record in try await inner.scan(.all, limit: .max) {
      #expect(!String(decoding: record.value, as: UTF8.self).contains("attack"))
    }
  }

  @Test("the same value is never stored the same way twice")
  func fresh() async throws {
    let inner = InMemoryStore()
    let store = try await EncryptedStore.open(inner, keys: EncryptionKeys(EncryptionKey()))
    try await put(store, "a", [1, 2, 3])
    let first = try await inner.get(Key("a"))?.value
    try await put(store, "a", [1, 2, 3])
    #expect(try await inner.get(Key("a"))?.value != first)
  }

  @Test("its own record is out of sight and out of reach")
  func header() async throws {
    let inner = InMemoryStore()
    let store = try await EncryptedStore.open(inner, keys: EncryptionKeys(EncryptionKey()))
    try await put(store, "\u{0}", [1])
    try await put(store, "a", [2])
    try await put(store, "b", [3])

    #expect(try await inner.get(ReservedKeys.encryption) != nil)
    #expect(try await store.get(ReservedKeys.encryption) == nil)
    for limit in [1, 2, 3, 4, Int.max] {
      let keys = [Key("\u{0}"), Key("a"), Key("b")]
      #expect(try await store.scan(.all, limit: limit).map(\.key) == Array(keys.prefix(limit)))
      let backwards = try await store.scan(.all, reverse: true, limit: limit)
      #expect(backwards.map(\.key) == Array(keys.reversed().prefix(limit)))
    }
    #expect(try await store.scan(.all, limit: 0).isEmpty)

    let results = try await store.commit([
      Batch(mutations: [.put(Key("c"), [1])]), Batch(mutations: [.delete(ReservedKeys.encryption)]),
      Batch(mutations: [.put(Key("d"), [1])]),
    ])
    #expect(throws: Never.self) { try results[0].get() }
    #expect(throws: StoreError.self) { try results[1].get() }
    #expect(throws: Never.self) { try results[2].get() }
    #expect(try await inner.get(ReservedKeys.encryption) != nil)
  }

  @Test("another key is refused, and the message names the keys but does not hold them")
  func wrongKey() async throws {
    let inner = InMemoryStore()
    // Not a random one: among the digits of its name there may be those that are looked for below.
    let right = try EncryptionKey(bytes: (0..<32).map { UInt8($0) })
    _ = try await EncryptedStore.open(inner, keys: EncryptionKeys(right))
    let bytes = [UInt8](repeating: 0x5A, count: 32)
    let wrong = try EncryptionKey(bytes: bytes)
    let error = try await failure { try await EncryptedStore.open(inner, keys: EncryptionKeys(wrong)) }
    #expect(error.code == .inaccessible)
    #expect(error.message.contains("\(right.id)"))
    #expect(!"\(error) \(wrong) \(String(reflecting: wrong))".contains("5a5a"))
    var dumped = ""
    dump(wrong, to: &dumped)
    #expect(!dumped.contains("90"), "\(dumped)")
  }

  @Test("a store with plain records is refused, and stays as it was")
  func overPlain() async throws {
    let inner = InMemoryStore()
    try await put(inner, "plain", [1])
    let error = try await failure { try await EncryptedStore.open(inner, keys: EncryptionKeys(EncryptionKey())) }
    #expect(error.code == .inaccessible)
    #expect(error.message.contains("migrate") && error.message.contains("plain"))
    #expect(try await inner.scan(.all, limit: .max).count == 1)
  }

  @Test("a value that was put under another key is found damaged")
  func swapped() async throws {
    let inner = InMemoryStore()
    let store = try await EncryptedStore.open(inner, keys: EncryptionKeys(EncryptionKey()))
    try await put(store, "a", [1])
    try await put(store, "b", [2])
    let stolen = try #require(try await inner.get(Key("a"))).value
    try await put(inner, "b", stolen)
    #expect(try await failure { try await store.get(Key("b")) }.code == .damaged)
    #expect(try await failure { try await store.scan(.all, limit: 9) }.code == .damaged)
    #expect(try await store.get(Key("a"))?.value == [1])
  }

  @Test("every single byte that changes is found")
  func tampered() async throws {
    let inner = InMemoryStore()
    let store = try await EncryptedStore.open(inner, keys: EncryptionKeys(EncryptionKey()))
    try await put(store, "a", [1, 2, 3])
    let stored = try #require(try await inner.get(Key("a"))).value
    for index in stored.indices {
      var changed = stored
      changed[index] ^= 0x10
      try await put(inner, "a", changed)
      let error = try await failure { try await store.get(Key("a")) }
      // A key id that is another one asks for another key.
      #expect(error.code == ((1..<5).contains(index) ? .inaccessible : .damaged), "byte \(index)")
    }
    try await put(inner, "a", Array(stored.dropLast()))
    #expect(try await failure { try await store.get(Key("a")) }.code == .damaged)
    try await put(inner, "a", [])
    #expect(try await failure { try await store.get(Key("a")) }.code == .damaged)
  }

  @Test("a header that was tampered with is refused")
  func tamperedHeader() async throws {
    let inner = InMemoryStore()
    let keys = try EncryptionKeys(EncryptionKey())
    _ = try await EncryptedStore.open(inner, keys: keys)
    let stored = try #require(try await inner.get(ReservedKeys.encryption)).value
    for index in stored.indices {
      var changed = stored
      changed[index] ^= 1
      _ = try await inner.commit([Batch(mutations: [.put(ReservedKeys.encryption, changed)])])
      #expect(try await failure { try await EncryptedStore.open(inner, keys: keys) }.code == .damaged, "byte \(index)")
    }
  }

  @Test("the largest value is what the store beneath takes, less what encryption adds")
  func valueLimit() async throws {
    let inner = InMemoryStore(
      capabilities: StoreCapabilities(isDurable: false, isShareable: false, valueByteCountMaximum: 200))
    let store = try await EncryptedStore.open(inner, keys: EncryptionKeys(EncryptionKey()))
    let limit = store.capabilities.valueByteCountMaximum
    #expect(limit < 200 && limit > 140)
    try await put(store, "a", [UInt8](repeating: 1, count: limit))
    let results = try await store.commit([Batch(mutations: [.put(Key("b"), [UInt8](repeating: 1, count: limit + 1))])])
    let error = try await failure { try results[0].get() }
    #expect(error.code == .valueTooLarge)
    #expect(error.message.contains("\(limit + 1) bytes"))
  }

  @Test("checks and revisions are those of the store beneath")
  func checks() async throws {
    let store = try await EncryptedStore.open(InMemoryStore(), keys: EncryptionKeys(EncryptionKey()))
    let revision = try await put(store, "a", [1])
    var batch = Batch()
    batch.check(Key("a"), is: revision)
    batch.put(Key("a"), [2])
    let results = try await store.commit([batch, batch])
    #expect(throws: Never.self) { try results[0].get() }
    #expect(try await failure { try results[1].get() }.code == .conflict)
  }

  @Test("what a batch asks of its durability reaches the store beneath")
  func durability() async throws {
    let inner = FaultyStore(InMemoryStore())
    let store = try await EncryptedStore.open(inner, keys: EncryptionKeys(EncryptionKey()))
    let levels: [StoreDurability?] = [nil, StoreDurability.none, .normal, .full]
    let asked = Mutex<[StoreDurability?]>([])
    inner.onCommit { _, batches in
      asked.withLock { $0 += batches.map(\.durability) }
      return nil
    }
    _ = try await store.commit(levels.map { Batch(mutations: [.put(Key("a"), [1])], durability: $0) })
    #expect(asked.withLock { $0 } == levels)
  }

  @Test("a store that can only be read is read with its older key after a new one was put above it")
  func readOnlyAfterNewKey() async throws {
    let inner = FaultyStore(InMemoryStore())
    let (old, new) = (EncryptionKey(), EncryptionKey())
    try await put(EncryptedStore.open(inner, keys: EncryptionKeys(old)), "a", [1])
    inner.onCommit { _, _ in .refused(StoreError(.inaccessible, "it can only be read")) }
    let store = try await EncryptedStore.open(inner, keys: EncryptionKeys(new, older: [old]))
    #expect(try await store.get(Key("a"))?.value == [1])
    #expect(try await failure { try await put(store, "b", [1]) }.code == .inaccessible)
    #expect(try await failure { try await EncryptedStore.open(inner, keys: EncryptionKeys(new)) }.code == .inaccessible)
  }

  @Test("a plain store becomes an encrypted one by migration, and back")
  func migration() async throws {
    let (plain, inner, again) = (InMemoryStore(), InMemoryStore(), InMemoryStore())
    for index in 0..<100 { try await put(plain, "key\(index)", Array("value \(index)".utf8)) }
    let encrypted = try await EncryptedStore.open(inner, keys: EncryptionKeys(EncryptionKey()))
    let there = try await StoreMigration(from: plain, named: "plain", to: encrypted).run()
    let back = try await StoreMigration(from: encrypted, named: "encrypted", to: again).run()
    #expect(there.digest == back.digest)
    #expect(try await again.get(ReservedKeys.encryption) == nil)
  }
}
