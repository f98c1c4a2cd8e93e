import FileStorage
import Testing
import TomboloPorts
import TomboloQueue
import TomboloStorage
import TomboloTesting

@testable import TomboloOffline

@Suite("A process that is killed while the server names things", .serialized, .timeLimit(.minutes(10)))
struct NamingKillTests {
  @Test(
    "has rewritten all that mentions a thing, or nothing, and the next process finishes the work", arguments: 1...16)
  func kill(_ round: Int) async throws {
    try await TemporaryFolder.with { folder in
      let path = "\(folder.path)/store"
      let told = try await LoadProgram.killed([path, "name"], after: 2 * round, round: round) {
        $0.hasPrefix("naming")
      }
      func keys(_ word: String) -> [String] {
        told.filter { $0.hasPrefix("\(word) ") }.map { String($0.dropFirst(word.count + 1)) }
      }
      let store = try await FileStore(path: path, durability: .full)
      let (made, named) = try await audit(store)
      try await store.close()
      #expect(made.isSuperset(of: keys("made")))
      #expect(named.isSuperset(of: keys("named")))

      let finished = try await LoadProgram.output([path, "finish"])
      let expected = made.flatMap { key in ["a", "b", "c"].map { "task \(key)\($0) in list-\(key)" } }
      #expect(finished.filter { $0.hasPrefix("task") }.sorted() == expected.sorted())
      #expect(finished.last == "left 0")
    }
  }

  /// Looks at the bare store, and answers with the keys under which lists were created, and of those that have a name.
  private func audit(_ store: any KeyValueStore) async throws -> (made: Set<String>, named: Set<String>) {
    let offline = try await OfflineStore.open(store: store)
    let operations = try await everyOperation(in: offline.queue)
    let records = try await storedRecords(in: store)
    let lists = try await keys("dv", "loadList", in: store)
    let mentioned = try await keys("dm", nil, in: store)
    var (made, named): (Set<String>, Set<String>) = ([], [])
    let identities = KeyRange.prefix(Key([DocumentKey.tag, UInt8(ascii: "i")]))
    for stored in try await store.scan(identities, limit: 100_000) {
      var decoder = KeyDecoder(stored.key, skipping: 2)
      let text = decoder.string()
      let identifier = try #require(text)
      let identity = try IdentityRecord(stored.value)
      let creator = try #require(identity.creator)
      made.insert(creator)
      let others = operations.filter { $0.idempotencyKey != creator }.map(\.payload)
      let edits = records.flatMap(\.pending).filter { $0.id != creator }.map(\.payload)
      let documents = records.compactMap(\.base?.bytes)
      func count(_ text: String, _ places: [[UInt8]]) -> Int {
        places.count { String(decoding: $0, as: UTF8.self).contains("\"\(text)\"") }
      }
      if let name = identity.name {
        named.insert(creator)
        #expect(count(identifier, others + edits + documents) == 0, "\(creator) has a name, and not everywhere")
        #expect(count(name, others) == 3 && count(name, edits) == 3)
        #expect(lists.contains(name) && !lists.contains(identifier))
        #expect(!mentioned.contains(identifier))
      } else {
        #expect(count("list-\(creator)", others + edits + documents) == 0, "\(creator) has no name, but in some places")
        #expect(count(identifier, others) == 3 && count(identifier, edits) == 3)
        #expect(operations.contains { $0.idempotencyKey == creator }, "nobody will create \(creator)")
        #expect(lists.contains(identifier) && !lists.contains("list-\(creator)"))
        #expect(mentioned.contains(identifier))
      }
    }
    return (made, named)
  }

  /// The identifiers in keys that begin with `tag`, and with `type` when there is one.
  private func keys(_ tag: String, _ type: String?, in store: any KeyValueStore) async throws -> Set<String> {
    let records = try await store.scan(KeyRange.prefix(Key(tag)), limit: 100_000)
    return Set(
      records.compactMap { record in
        var decoder = KeyDecoder(record.key, skipping: 2)
        if let type, decoder.string() != type { return nil }
        return decoder.string()
      })
  }
}
