import Testing
import TomboloPorts
import TomboloQueue
import TomboloStorage
import TomboloTesting

@testable import TomboloOffline

@Suite("A name is learned in one commit")
struct NamingCrashTests {
  @Test("whichever commit fails, nothing mentions what has a name, and the next process finishes the work")
  func failEachCommit() async throws {
    for fault in OneCommitTests.Fault.allCases {
      var failing = 1
      while true {
        let base = InMemoryStore()
        let faulty = FaultyStore(base)
        let server = ListServer()
        let number = failing
        let id = try await NamingDevice.open(base).make()
        faulty.onCommit { count, _ in
          await Self.audit(base, id, "\(fault), before commit \(count), failing \(number)")
          return count == number ? fault.fault(count) : nil
        }
        let first = try await NamingDevice.open(faulty)
        do {
          try await first.store.write { try $0.edit(first.lists, RenameList(listID: id, title: "house"), editID: "r") }
          try await first.drain(server)
        } catch is StoreError {
          // The process ends here.
        }
        await Self.audit(base, id, "\(fault), at the end, failing \(number)")
        let isLast = faulty.commitCount < failing
        let next = try await NamingDevice.open(base, time: first.time)
        try await next.store.write { try $0.edit(next.lists, RenameList(listID: id, title: "house"), editID: "r") }
        for _ in 1...3 { try await next.drain(server) }
        #expect(await server.lists == ["list-1": "house"], "\(fault) at commit \(number)")
        #expect(
          await server.tasks.mapValues(\.listID) == ["a": "list-1", "b": "list-1"], "\(fault) at commit \(number)")
        #expect(try await next.lists.read(id).value?.title == "house")
        #expect(try await next.store.queue.list().snapshots.isEmpty)
        if isLast { break }
        failing += 1
      }
      #expect(failing > 5)
    }
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
