import Synchronization
import Testing
import TomboloPorts
import TomboloTesting

@testable import TomboloStorage

@Suite("GroupCommit", .timeLimit(.minutes(10)))
struct GroupCommitTests {
  private static func batch(_ name: String, puts: Int = 1) -> Batch {
    var batch = Batch()
    for number in 0..<puts { batch.put(Key("\(name)/\(number)"), [1]) }
    return batch
  }

  /// How many writers have something left to write.
  private final class ActiveWriters: Sendable {
    private let number = Mutex(64)
    var count: Int { number.withLock { $0 } }
    func end() { number.withLock { $0 -= 1 } }
  }

  @Test("64 writers that write at once cost far fewer commits, and nothing is lost")
  func manyWriters() async throws {
    let store = FaultyStore(InMemoryStore())
    let door = GroupCommit(store)
    let activeWriters = ActiveWriters()
    // Whoever is not in a commit gathers behind it, or has no more to write, before it ends.
    store.onCommit { _, batches in
      while batches.count + door.waitingCount < activeWriters.count { await Task.yield() }
      return nil
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for writer in 0..<64 {
        group.addTask {
          defer { activeWriters.end() }
          for number in 0..<10 { _ = try await door.commit(Self.batch("\(writer)/\(number)")) }
        }
      }
      try await group.waitForAll()
    }
    #expect(try await store.scan(.all, limit: .max).count == 640)
    #expect(store.commitCount < 160)
  }

  @Test("A lone writer has one commit for each batch")
  func loneWriter() async throws {
    let store = FaultyStore(InMemoryStore())
    let door = GroupCommit(store)
    for number in 0..<10 { _ = try await door.commit(Self.batch("\(number)")) }
    #expect(store.commitCount == 10)
  }

  /// Holds the first commit until all of `batches` wait behind it.
  private func commitTogether(
    _ batches: [Batch], to store: FaultyStore,
    _ rule: @escaping @Sendable (Int, [Batch]) -> FaultyStore.CommitFault? = { _, _ in nil }
  ) async -> [Result<Revision, any Error>] {
    let barrier = Barrier()
    store.onCommit { number, batches in
      if number == 1 {
        await barrier.pass()
        return nil
      }
      return rule(number, batches)
    }
    let door = GroupCommit(store)
    return await withTaskGroup(of: (Int, Result<Revision, any Error>).self) { group in
      group.addTask {
        do { return (-1, .success(try await door.commit(Self.batch("first")))) } catch { return (-1, .failure(error)) }
      }
      await barrier.waitForArrivals()
      for (index, batch) in batches.enumerated() {
        group.addTask {
          do { return (index, .success(try await door.commit(batch))) } catch { return (index, .failure(error)) }
        }
        while door.waitingCount <= index { await Task.yield() }
      }
      barrier.open()
      var results: [Int: Result<Revision, any Error>] = [:]
      for await (index, result) in group { results[index] = result }
      return batches.indices.compactMap { results[$0] }
    }
  }

  @Test("A check that fails refuses its own batch alone")
  func failedCheck() async throws {
    let store = FaultyStore(InMemoryStore())
    var checked = Self.batch("checked")
    checked.check(Key("nothing"), is: Revision(rawValue: 99))
    let results = await commitTogether([Self.batch("a"), checked, Self.batch("b")], to: store)
    _ = try results[0].get()
    let error = #expect(throws: StoreError.self) { try results[1].get() }
    #expect(error?.code == .conflict)
    _ = try results[2].get()
    let keys = try await store.scan(.all, limit: 10).map(\.key)
    #expect(keys == [Key("a/0"), Key("b/0"), Key("first/0")])
  }

  @Test("Batches that are within the store's limit each are never refused because they were gathered")
  func mutationLimit() async throws {
    let capabilities = StoreCapabilities(isDurable: false, isShareable: false, mutationCountMaximum: 10)
    let store = FaultyStore(InMemoryStore(capabilities: capabilities))
    let batches = (0..<8).map { Self.batch("\($0)", puts: 4) }
    for result in await commitTogether(batches, to: store) { _ = try result.get() }
    #expect(try await store.scan(.all, limit: .max).count == 33)
  }

  @Test("A batch beyond the store's limit is refused alone")
  func tooLarge() async throws {
    let capabilities = StoreCapabilities(isDurable: false, isShareable: false, mutationCountMaximum: 10)
    let store = FaultyStore(InMemoryStore(capabilities: capabilities))
    let results = await commitTogether([Self.batch("a"), Self.batch("b", puts: 11), Self.batch("c")], to: store)
    _ = try results[0].get()
    let error = #expect(throws: StoreError.self) { try results[1].get() }
    #expect(error?.code == .batchTooLarge)
    _ = try results[2].get()
  }

  @Test("A store that fails fails the group, and the next one goes through")
  func failingStore() async throws {
    let store = FaultyStore(InMemoryStore())
    store.onCommit { number, _ in number == 1 ? .refused(StoreError(.full, "no room")) : nil }
    let door = GroupCommit(store)
    let error = await #expect(throws: StoreError.self) { try await door.commit(Self.batch("a")) }
    #expect(error?.code == .full)
    _ = try await door.commit(Self.batch("b"))
    #expect(try await store.scan(.all, limit: 10).count == 1)
  }

  /// A full disk, for everything but commits that may use the reserve.
  private static func refuseWhatAdds(_ number: Int, _ batches: [Batch]) -> FaultyStore.CommitFault? {
    batches.areShrinking ? nil : .refused(StoreError(.full, "no room"))
  }

  private static func settlement(_ name: String) -> Batch {
    var batch = Batch()
    batch.delete(Key("\(name)/0"))
    batch.put(Key("counts"), [UInt8](repeating: 0, count: 100))
    return batch
  }

  @Test("A full disk refuses what adds, and never a settlement that was gathered with it")
  func settlementsWhenFull() async throws {
    let store = FaultyStore(InMemoryStore())
    let door = GroupCommit(store)
    for name in ["a", "b"] { _ = try await door.commit(Self.batch(name)) }
    let batches = [Self.batch("c"), Self.settlement("a"), Self.batch("d"), Self.settlement("b")]
    let results = await commitTogether(batches, to: store) { Self.refuseWhatAdds($0, $1) }
    for index in [1, 3] { _ = try results[index].get() }
    for index in [0, 2] {
      let error = #expect(throws: StoreError.self) { try results[index].get() }
      #expect(error?.code == .full)
    }
    #expect(try await store.scan(.all, limit: 9).map(\.key) == [Key("counts"), Key("first/0")])
    // The first one alone, all, the settlements, the others.
    #expect(store.commitCount == 4)
  }

  @Test("What adds is tried once more after the settlements, and goes through in the room that they made")
  func roomMadeBySettlements() async throws {
    let store = FaultyStore(InMemoryStore())
    let results = await commitTogether([Self.batch("c"), Self.settlement("a")], to: store) { number, _ in
      number == 2 ? .refused(StoreError(.full, "no room")) : nil
    }
    for result in results { _ = try result.get() }
    #expect(try await store.get(Key("c/0")) != nil)
  }

  @Test("A group without a settlement, or of settlements alone, is not tried again when the disk is full")
  func nothingToSeparate() async throws {
    for batches in [[Self.batch("a"), Self.batch("b")], [Self.settlement("a"), Self.settlement("b")]] {
      let store = FaultyStore(InMemoryStore())
      let results = await commitTogether(batches, to: store) { number, _ in
        number == 1 ? nil : .refused(StoreError(.full, "no room"))
      }
      for result in results {
        let error = #expect(throws: StoreError.self) { try result.get() }
        #expect(error?.code == .full)
      }
      #expect(store.commitCount == 2)
    }
  }
}
