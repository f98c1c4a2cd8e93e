import Synchronization
import Testing
import TomboloPorts
import TomboloQueue
import TomboloStorage
import TomboloTesting

@testable import TomboloOffline

@Suite("A name is learned in one commit")
struct NamingCrashTests {
  @Test(
    "whichever commit fails, nothing mentions what has a name, and the next process finishes the work",
    arguments: OneCommitTests.Fault.allCases)
  func failEachCommit(_ fault: OneCommitTests.Fault) async throws {
    var number = 1
    while try await isMet(
      "\(fault) at commit \(number)",
      { [number] faulty, audit in
        faulty.onCommit { count, _ in
          await audit()
          return count == number ? fault.fault(count) : nil
        }
        return { faulty.commitCount >= number }
      })
    { number += 1 }
    // How many there are depends on how many deliveries share one.
    #expect(number > 5)
  }

  @Test("whichever read fails, nothing mentions what has a name, and the next process finishes the work")
  func failEachRead() async throws {
    var number = 1
    while try await isMet(
      "read \(number) fails",
      { [number] faulty, audit in
        let isMet = Mutex(false)
        faulty.onCommit { _, _ in
          await audit()
          return nil
        }
        faulty.onRead { count in
          guard count == number else { return }
          isMet.withLock { $0 = true }
          throw StoreError(.engine, "read \(count) fails on purpose")
        }
        return { isMet.withLock { $0 } }
      })
    { number += 1 }
    #expect(number > 30)
  }

  /// Makes a list and tasks, has the server name the list over a store with a fault, and then does it without one. Answers whether
  /// the fault came.
  ///
  /// - Parameter plant: is given the store and what looks at it; answers with what tells whether the fault came.
  private func isMet(
    _ place: String, _ plant: (FaultyStore, _ audit: @escaping @Sendable () async -> Void) -> () -> Bool
  ) async throws -> Bool {
    let base = InMemoryStore()
    let faulty = FaultyStore(base)
    let server = ListServer()
    let id = try await NamingDevice.open(base).make()
    let isMet = plant(faulty) { await Self.audit(base, id, place) }
    let time = ManualTimeSource()
    do {
      let first = try await NamingDevice.open(faulty, time: time)
      try await first.store.write { try $0.edit(first.lists, RenameList(listID: id, title: "house"), editID: "r") }
      try await first.drain(server)
    } catch is StoreError {
      // The process ends here.
    }
    await Self.audit(base, id, place)
    let next = try await NamingDevice.open(base, time: time)
    try await next.store.write { try $0.edit(next.lists, RenameList(listID: id, title: "house"), editID: "r") }
    for _ in 1...3 { try await next.drain(server) }
    #expect(await server.lists == ["list-1": "house"], "\(place)")
    #expect(await server.tasks.mapValues(\.listID) == ["a": "list-1", "b": "list-1"], "\(place)")
    #expect(try await next.lists.read(id).value?.title == "house", "\(place)")
    #expect(try await next.store.queue.list().snapshots.isEmpty, "\(place)")
    return isMet()
  }

  /// Looks at the bare store: a thing that has a name is mentioned by it alone.
  private static func audit(_ base: any KeyValueStore, _ id: String, _ place: String) async {
    do {
      let store = try await NamingDevice.open(base).store
      guard try await store.name(of: id) != nil else { return }
      let operations = try await store.queue.list().snapshots.map(\.operation)
      // But for the operation that created it, until it is settled: it is delivered again as it was.
      for operation in operations where operation.kind != CreateList.kind {
        #expect(TemporaryIdentifier.mentions(in: operation.payload).isEmpty, "\(operation.kind), \(place)")
      }
      for edit in try await storedRecords(in: base).flatMap(\.pending) {
        #expect(TemporaryIdentifier.mentions(in: edit.payload).isEmpty, "\(edit.kind), \(place)")
      }
    } catch {
      Issue.record("\(place): \(error)")
    }
  }
}
