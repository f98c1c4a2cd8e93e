import Synchronization
import Testing
import TomboloPorts
import TomboloQueue
import TomboloStorage
import TomboloTesting

@testable import TomboloOffline

@Suite("A local change and its operation are one commit")
struct OneCommitTests {
  enum Fault: String, CaseIterable {
    case refused, unanswered

    func fault(_ number: Int) -> FaultyStore.CommitFault {
      switch self {
      case .refused: .refused(StoreError(.engine, "commit \(number) fails on purpose"))
      case .unanswered: .unanswered
      }
    }
  }

  @Test("whichever commit fails, there is never one without the other", arguments: Fault.allCases)
  func failEachCommit(_ fault: Fault) async throws {
    var failing = 1
    while true {
      let base = InMemoryStore()
      let faulty = FaultyStore(base)
      let device = try await TestDevice.open(faulty)
      let number = failing
      faulty.onCommit { count, _ in count == number ? fault.fault(count) : nil }
      var written: Set<String> = []
      var failed: Set<String> = []
      for round in 1...4 {
        let ids: Set<String> = ["\(round)a", "\(round)b"]
        do {
          try await device.store.write { transaction in
            try transaction.edit(
              device.preferences, AddFavourite(userID: "7", name: "\(round)"), editID: "\(round)a")
            try transaction.edit(
              device.preferences, SetCurrency(userID: "\(round % 2)", currency: "EUR"), editID: "\(round)b")
            try transaction.add(Batch(mutations: [.put(Key("mine/\(round)"), [1])]))
          }
          written.formUnion(ids)
        } catch let error as StoreError {
          if error.code != .outcomeUnknown { failed.formUnion(ids) }
        }
        try await audit(base, written: written, failed: failed, rounds: 4)
      }
      if faulty.commitCount < failing { break }
      failing += 1
    }
    #expect(failing > 4)
  }

  @Test("whichever read fails, there is never one without the other")
  func failEachRead() async throws {
    var failing = 1
    while true {
      let base = InMemoryStore()
      let faulty = FaultyStore(base)
      let device = try await TestDevice.open(faulty)
      let isMet = Mutex(false)
      let number = failing
      faulty.onRead { count in
        guard count == number else { return }
        isMet.withLock { $0 = true }
        throw StoreError(.engine, "read \(count) fails on purpose")
      }
      var written: Set<String> = []
      for round in 1...4 {
        do {
          try await device.edit(AddFavourite(userID: "7", name: "\(round)"), id: "\(round)a")
          written.insert("\(round)a")
        } catch let error as StoreError {
          #expect(error.code == .engine, "read \(number)")
        }
        let operations = try await TestDevice.open(base).operationIDs
        #expect(operations == written, "read \(number)")
        let shown = try await storedRecords(in: base).flatMap(\.pending).map(\.id)
        #expect(shown == written.sorted(), "read \(number)")
      }
      guard isMet.withLock({ $0 }) else { break }
      #expect(written.count >= 3, "read \(number)")
      failing += 1
    }
    #expect(failing > 4)
  }

  /// Looks at the bare store, as a new process would find it.
  private func audit(_ base: any KeyValueStore, written: Set<String>, failed: Set<String>, rounds: Int) async throws {
    let operations = try await TestDevice.open(base).operationIDs
    let pending = try await storedRecords(in: base).flatMap(\.pending).map(\.id)
    #expect(Set(pending) == operations)
    #expect(pending.count == operations.count)
    #expect(written.isSubset(of: operations))
    #expect(failed.isDisjoint(with: operations))
    for round in 1...rounds {
      let own = try await base.get(Key("mine/\(round)")) != nil
      #expect(own == operations.contains("\(round)a"))
    }
  }

  @Test("whichever commit fails while edits are settled, no edit is lost, shown twice or pending for ever")
  func failEachCommitOfSettling() async throws {
    for fault in Fault.allCases {
      var failing = 1
      while true {
        let base = InMemoryStore()
        let first = try await TestDevice.open(base)
        for name in ["a", "bad", "c"] { try await first.edit(AddFavourite(userID: "7", name: name), id: name) }
        let faulty = FaultyStore(base)
        let device = try await TestDevice.open(faulty)
        let server = FavouritesServer()
        let number = failing
        faulty.onCommit { count, _ in count == number ? fault.fault(count) : nil }
        do {
          try await SettlingRun(device: device).run(server)
        } catch is StoreError {
          // The process ends here.
        }
        let isLast = faulty.commitCount < failing
        // The next process finishes the work.
        let next = try await TestDevice.open(base)
        try await SettlingRun(device: next).run(server)
        let end = try await next.preferences.read("7")
        #expect(end.value?.favourites == ["a", "c"], "\(fault) at commit \(number)")
        #expect(end.base?.favourites == ["a", "c"])
        #expect(end.pending.isEmpty)
        #expect(end.notices.map(\.editID) == ["bad"])
        #expect(await server.names == ["a", "c"])
        if isLast { break }
        failing += 1
      }
    }
  }

  @Test("when the queue refuses the operation, nothing of the transaction is stored")
  func refusedOperation() async throws {
    let device = try await TestDevice.open { $0.operationsMaximum = 1 }
    try await device.edit(SetCurrency(userID: "7", currency: "EUR"))
    await #expect(throws: QueueError.self) { try await device.edit(SetTheme(userID: "8", theme: "dark")) }
    #expect(try await device.preferences.read("8").isKnown == false)
    #expect(try await storedRecords(in: device.base).count == 1)
  }

  @Test("many writers of one document lose nothing")
  func manyWriters() async throws {
    let device = try await TestDevice.open()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<40 {
        group.addTask { try await device.edit(AddFavourite(userID: "7", name: "\(number)")) }
      }
      try await group.waitForAll()
    }
    let snapshot = try await device.preferences.read("7")
    #expect(Set(snapshot.value?.favourites ?? []).count == 40)
    #expect(snapshot.pending.count == 40)
    #expect(try await device.operationIDs == Set(snapshot.pending.map(\.id)))
    // The order shown is the order of delivery.
    let handler = RecordingHandler()
    try await device.drain(handler)
    #expect(handler.calls.map(\.operation.idempotencyKey) == snapshot.pending.map(\.id))
  }

  @Test("an edit that does not fit is refused before anything is stored")
  func inapplicable() async throws {
    let device = try await TestDevice.open()
    try await device.edit(AddFavourite(userID: "7", name: "tea"))
    let error = await #expect(throws: OfflineError.self) {
      try await device.edit(AddFavourite(userID: "7", name: "tea"))
    }
    #expect(error?.code == .inapplicable)
    #expect(error?.audience == .user)
    #expect(error?.cause is AddFavourite.AlreadyThere)
    #expect(try await device.operationIDs.count == 1)
  }

  @Test("an edit written twice under one name counts once, also after it was delivered")
  func repeated() async throws {
    let device = try await TestDevice.open()
    try await device.edit(AddFavourite(userID: "7", name: "tea"), id: "mine")
    try await device.edit(AddFavourite(userID: "7", name: "tea"), id: "mine")
    #expect(try await device.operationIDs == ["mine"])
    try await device.drain(RecordingHandler())
    #expect(try await device.preferences.read("7").pending.isEmpty)
    try await device.edit(AddFavourite(userID: "7", name: "tea"), id: "mine")
    let snapshot = try await device.preferences.read("7")
    #expect(snapshot.value?.favourites == ["tea"])
    #expect(snapshot.pending.isEmpty)
  }

  @Test("an identity that a pending edit of the document has in another namespace is refused, and nothing is stored")
  func otherNamespace() async throws {
    let device = try await TestDevice.open()
    try await device.edit(AddFavourite(userID: "7", name: "tea"), id: "mine")
    let error = await #expect(throws: QueueError.self) {
      try await device.store.write {
        try $0.edit(device.preferences, AddFavourite(userID: "7", name: "milk"), editID: "mine", namespace: "other")
      }
    }
    #expect(error?.field == "editID")
    #expect(try await device.store.queue.list().snapshots.count == 1)
  }

  @Test("a batch of one's own cannot touch what belongs to the documents")
  func foreignKeys() async throws {
    let device = try await TestDevice.open()
    await #expect(throws: QueueError.self) {
      try await device.store.write { try $0.add(Batch(mutations: [.delete(Key("dv"))])) }
    }
  }
}
