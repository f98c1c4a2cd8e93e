import LMDBStorage
import Testing
import TomboloPorts
import TomboloStorage

@Suite("Contract of KeyValueStore: writing and failing")
struct StoreContractTests {
  @Test(
    "A record is there once its commit has returned, under the revision that was answered",
    arguments: StoreUnderTest.allCases)
  func readsWhatWasCommitted(_ kind: StoreUnderTest) async throws {
    try await kind.withStore { store in
      let revision = try await store.commit { $0.put(Key("a"), [1, 2]) }
      #expect(try await store.get(Key("a")) == Record(key: Key("a"), value: [1, 2], revision: revision))
    }
  }

  @Test("Every record of a batch has the batch's revision, and each put a new one", arguments: StoreUnderTest.allCases)
  func revisionsChange(_ kind: StoreUnderTest) async throws {
    try await kind.withStore { store in
      let first = try await store.commit { batch in
        batch.put(Key("a"), [1])
        batch.put(Key("b"), [1])
      }
      #expect(try await store.get([Key("a"), Key("b")]).map { $0?.revision } == [first, first])
      let second = try await store.commit { $0.put(Key("a"), [1]) }
      #expect(second != first)
      #expect(try await store.get(Key("b"))?.revision == first)
    }
  }

  @Test("A key that was deleted and put again has a revision it never had", arguments: StoreUnderTest.allCases)
  func revisionsAreNotReusedAfterDelete(_ kind: StoreUnderTest) async throws {
    try await kind.withStore { store in
      var seen: Set<Revision> = []
      for _ in 0..<5 {
        let revision = try await store.commit { $0.put(Key("a"), []) }
        #expect(seen.insert(revision).inserted)
        try await store.commit { $0.delete(Key("a")) }
      }
    }
  }

  @Test("A failed check refuses its own batch, whole, and no other", arguments: StoreUnderTest.allCases)
  func failedCheckRefusesItsBatchAlone(_ kind: StoreUnderTest) async throws {
    try await kind.withStore { store in
      let actual = try await store.commit { $0.put(Key("a"), [1]) }
      var refused = Batch()
      refused.put(Key("x"), [9])
      refused.delete(Key("a"))
      refused.check(Key("a"), is: Revision(rawValue: actual.rawValue + 1))
      var before = Batch()
      before.put(Key("b"), [2])
      var after = Batch()
      after.put(Key("c"), [3])
      let results = try await store.commit([before, refused, after])
      #expect(results.map { $0.refusal?.code } == [nil, .conflict, nil])
      let error = try #require(results[1].refusal)
      #expect(error.key == Key("a"))
      #expect(error.expected == Revision(rawValue: actual.rawValue + 1))
      #expect(error.actual == actual)
      let records = try await store.get(["a", "b", "c", "x"].map { Key($0) })
      #expect(records.map { $0?.value } == [[1], [2], [3], nil])
    }
  }

  @Test("A check for absence holds only where no record is", arguments: StoreUnderTest.allCases)
  func absence(_ kind: StoreUnderTest) async throws {
    try await kind.withStore { store in
      let revision = try await store.commit { batch in
        batch.checkAbsent(Key("a"))
        batch.put(Key("a"), [1])
      }
      let error = try await storeError {
        try await store.commit { batch in
          batch.checkAbsent(Key("a"))
          batch.put(Key("a"), [2])
        }
      }
      #expect(error.code == .conflict)
      #expect(error.expected == nil)
      #expect(error.actual == revision)
      let missing = try await storeError { try await store.commit { $0.check(Key("b"), is: revision) } }
      #expect(missing.expected == revision)
      #expect(missing.actual == nil)
      #expect(try await store.value("a") == [1])
    }
  }

  @Test("Checks are judged before the first mutation of their own batch", arguments: StoreUnderTest.allCases)
  func checksComeFirst(_ kind: StoreUnderTest) async throws {
    try await kind.withStore { store in
      try await store.commit { batch in
        batch.put(Key("a"), [1])
        batch.checkAbsent(Key("a"))
      }
      #expect(try await store.value("a") == [1])
    }
  }

  @Test("A later batch of a commit sees what an earlier one did", arguments: StoreUnderTest.allCases)
  func laterBatchSeesEarlier(_ kind: StoreUnderTest) async throws {
    try await kind.withStore { store in
      var first = Batch()
      first.checkAbsent(Key("a"))
      first.put(Key("a"), [1])
      let results = try await store.commit([first, first])
      #expect(results.map { $0.refusal?.code } == [nil, .conflict])
      let revision = try results[0].get()
      #expect(results[1].refusal?.actual == revision)
    }
  }

  @Test("Of two mutations for one key the later one stays", arguments: StoreUnderTest.allCases)
  func lastMutationStays(_ kind: StoreUnderTest) async throws {
    try await kind.withStore { store in
      try await store.commit { batch in
        batch.put(Key("a"), [1])
        batch.put(Key("a"), [2])
        batch.put(Key("b"), [1])
        batch.delete(Key("b"))
        batch.delete(Key("c"))
        batch.put(Key("c"), [3])
      }
      #expect(try await store.scan(.all, limit: 9).map(\.value) == [[2], [3]])
    }
  }

  @Test(
    "Deleting what is not there, an empty batch and an empty commit are no errors", arguments: StoreUnderTest.allCases)
  func nothingToDo(_ kind: StoreUnderTest) async throws {
    try await kind.withStore { store in
      try await store.commit { $0.delete(Key("a")) }
      try await store.commit { _ in }
      #expect(try await store.commit([]).isEmpty)
      #expect(try await store.get([]).isEmpty)
    }
  }

  @Test(
    "What is over a limit is refused with its own code, and the rest of the commit goes on",
    arguments: StoreUnderTest.allCases)
  func limits(_ kind: StoreUnderTest) async throws {
    try await kind.withStore { store in
      let limits = store.capabilities
      let longest = Key([UInt8](repeating: 7, count: limits.keyByteCountMaximum))
      let tooLong = Key(longest.bytes + [7])
      var fits = Batch()
      fits.put(longest, [1])
      var putTooLong = Batch()
      putTooLong.put(tooLong, [1])
      var deleteTooLong = Batch()
      deleteTooLong.delete(tooLong)
      var tooLarge = Batch()
      tooLarge.put(Key("large"), [UInt8](repeating: 0, count: limits.valueByteCountMaximum + 1))
      var tooMany = Batch()
      tooMany.mutations = Array(repeating: .delete(Key("a")), count: limits.mutationCountMaximum)
      let results = try await store.commit([fits, putTooLong, deleteTooLong, tooLarge, tooMany, fits])
      #expect(
        results.map { $0.refusal?.code } == [nil, .keyTooLong, .keyTooLong, .valueTooLarge, .batchTooLarge, nil])
      #expect(try await store.scan(.all, limit: 9).map(\.key) == [longest])
      #expect(try await store.get(tooLong) == nil)
    }
  }

  @Test("The largest value comes back as it was", arguments: StoreUnderTest.allCases)
  func largestValue(_ kind: StoreUnderTest) async throws {
    try await kind.withStore { store in
      let value = [UInt8](repeating: 0xA5, count: store.capabilities.valueByteCountMaximum)
      try await store.commit { $0.put(Key("large"), value) }
      let isSame = try await store.value("large") == value
      #expect(isSame)
    }
  }

  @Test("A cancelled task gets CancellationError and nothing is written", arguments: StoreUnderTest.allCases)
  func cancellation(_ kind: StoreUnderTest) async throws {
    try await kind.withStore { store in
      await withTaskGroup(of: Void.self) { group in
        group.cancelAll()
        group.addTask {
          await #expect(throws: CancellationError.self) { try await store.commit { $0.put(Key("a"), [1]) } }
          await #expect(throws: CancellationError.self) { _ = try await store.get(Key("a")) }
          await #expect(throws: CancellationError.self) { _ = try await store.scan(.all, limit: 1) }
        }
      }
      let value = try await store.value("a")
      #expect(value == nil)
    }
  }

  @Test("Every call after close throws closed, and closing twice is no error", arguments: StoreUnderTest.allCases)
  func closing(_ kind: StoreUnderTest) async throws {
    try await kind.withStore { store in
      try await store.close()
      try await store.close()
      #expect(try await storeError { _ = try await store.get(Key("a")) }.code == .closed)
      #expect(try await storeError { _ = try await store.scan(.all, limit: 1) }.code == .closed)
      #expect(try await storeError { _ = try await store.commit([Batch()]) }.code == .closed)
    }
  }
}
