import StorageEncryption
import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@Suite struct RotationTests {
  private let old = EncryptionKey()
  private let new = EncryptionKey()

  private func filled(_ count: Int) async throws -> InMemoryStore {
    let inner = InMemoryStore()
    let store = try await EncryptedStore.open(inner, keys: EncryptionKeys(old))
    for index in 0..<count { try await put(store, "key\(index)", Array("value \(index)".utf8)) }
    return inner
  }

  @Test("with a new key first, old values are read and new ones are under the new key")
  func both() async throws {
    let inner = try await filled(3)
    let store = try await EncryptedStore.open(inner, keys: EncryptionKeys(new, older: [old]))
    #expect(try await store.get(Key("key1"))?.value == Array("value 1".utf8))
    try await put(store, "key1", [1])
    #expect(try await store.scan(.all, limit: 9).count == 3)
  }

  @Test("an old key that is still needed may not be taken away")
  func removedTooEarly() async throws {
    let inner = try await filled(3)
    _ = try await EncryptedStore.open(inner, keys: EncryptionKeys(new, older: [old]))
    let error = try await failure { try await EncryptedStore.open(inner, keys: EncryptionKeys(new)) }
    #expect(error.code == .inaccessible)
    #expect(error.message.contains("\(old.id)"))
  }

  @Test("after a rotation the old key may go, and only then")
  func rotation() async throws {
    let inner = try await filled(100)
    let store = try await EncryptedStore.open(inner, keys: EncryptionKeys(new, older: [old]))
    let rotation = try await store.rotate()
    #expect(rotation.recordCount == 100)
    #expect(rotation.recordCountRewritten == 100)
    #expect(try await store.rotate().recordCountRewritten == 0)

    let later = try await EncryptedStore.open(inner, keys: EncryptionKeys(new))
    for index in 0..<100 { #expect(try await later.get(Key("key\(index)"))?.value == Array("value \(index)".utf8)) }
    #expect(try await failure { try await EncryptedStore.open(inner, keys: EncryptionKeys(old)) }.code == .inaccessible)
  }

  @Test("killed after any commit, everything is readable with both keys, and the next rotation ends it")
  func killed() async throws {
    var commitCount = 1
    while true {
      let inner = try await filled(100)
      let keys = try EncryptionKeys(new, older: [old])
      let store = try await EncryptedStore.open(FaultyStore(inner, stoppingAfter: commitCount), keys: keys)
      do {
        _ = try await store.rotate()
        break
      } catch let error as StoreError where error.code == .engine {
        let reopened = try await EncryptedStore.open(inner, keys: keys)
        #expect(try await reopened.scan(.all, limit: .max).count == 100)
        _ = try await reopened.rotate()
        let later = try await EncryptedStore.open(inner, keys: EncryptionKeys(new))
        #expect(try await later.scan(.all, limit: .max).count == 100, "killed after \(commitCount) commits")
      }
      commitCount += 1
    }
    #expect(commitCount > 3)
  }

  @Test("a damaged value stops the rotation, and the old key stays needed")
  func damaged() async throws {
    let inner = try await filled(10)
    var value = try #require(try await inner.get(Key("key7"))).value
    value[value.count - 1] ^= 1
    try await put(inner, "key7", value)
    let store = try await EncryptedStore.open(inner, keys: EncryptionKeys(new, older: [old]))
    #expect(try await failure { try await store.rotate() }.code == .damaged)
    #expect(try await failure { try await EncryptedStore.open(inner, keys: EncryptionKeys(new)) }.code == .inaccessible)
  }
}
