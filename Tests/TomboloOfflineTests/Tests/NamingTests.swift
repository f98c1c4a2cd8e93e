import Testing
import TomboloPorts
import TomboloQueue
import TomboloStorage
import TomboloTesting

@testable import TomboloOffline

@Suite("Things that the server names")
struct NamingTests {
  @Test("parents go before children, and children name the parent as the server does")
  func parentsBeforeChildren() async throws {
    let device = try await NamingDevice.open()
    let server = ListServer()
    let id = try await device.make()
    #expect(try await device.lists.read(id).value?.title == "home")
    #expect(try await device.tasks.read("a").value?.listID == id)
    try await device.drain(server)
    let calls = await server.calls
    #expect(calls.first == "create home")
    // Two documents are two lines, and lines go side by side.
    #expect(calls.dropFirst().sorted() == ["add a to list-1", "add b to list-1"], "\(calls)")
    #expect(try await device.store.name(of: id) == "list-1")
    #expect(try await device.lists.read("list-1").value?.title == "home")
    // A program that still holds the temporary identifier finds it.
    let byOldName = try await device.lists.read(id)
    #expect(byOldName.id == "list-1")
    #expect(byOldName.value?.title == "home")
    #expect(try await device.tasks.read("a").value?.listID == "list-1")
  }

  @Test("the commit that learns the name rewrites the queued operations and the documents")
  func oneCommit() async throws {
    let device = try await NamingDevice.open()
    let server = ListServer()
    let id = try await device.make()
    try await device.store.write { transaction in
      try transaction.edit(device.lists, RenameList(listID: id, title: "house"))
      transaction.enqueue(NewOperation(kind: "raw", payload: Array(#"{"list":"\#(id)","say":"not \"\#(id)\""}"#.utf8)))
    }
    try await device.drain(server, holdsTasks: true)
    #expect(await server.calls == ["create home"])
    // What the handlers put off is rewritten, and stands where it stood.
    let waiting = try await device.store.queue.list().snapshots.map(\.operation)
    let texts = waiting.map { String(decoding: $0.payload, as: UTF8.self) }
    #expect(texts.count == 4)
    #expect(texts.filter { $0.contains(#""listID":"list-1""#) }.count == 3)
    #expect(texts.contains(#"{"list":"list-1","say":"not \"\#(id)\""}"#))
    #expect(try await device.tasks.read("a").value?.listID == "list-1")
    let list = try await device.lists.read("list-1")
    #expect(list.value?.title == "house")
    #expect(list.base?.title == "home")
    // Nothing is left under the temporary identifier but the way back, the line, and the text that only quotes it.
    let left = try await places(of: id, in: device.base)
    #expect(left.allSatisfy { !$0.hasPrefix("dv") && !$0.hasPrefix("dp") && !$0.hasPrefix("dm") }, "\(left)")
    try await device.drain(server)
    #expect(await server.calls.suffix(3).sorted() == ["add a to list-1", "add b to list-1", "rename list-1 house"])
  }

  @Test("an edit that knows the name does not overtake those in line since before it")
  func orderingKeys() async throws {
    let device = try await NamingDevice.open()
    let server = ListServer()
    let id = try await device.make(tasks: [])
    try await device.store.write { try $0.edit(device.lists, RenameList(listID: id, title: "second")) }
    try await device.drain(server, holdsTasks: true)
    try await device.store.write { try $0.edit(device.lists, RenameList(listID: "list-1", title: "third")) }
    // By the old identifier, too.
    try await device.store.write { try $0.edit(device.lists, RenameList(listID: id, title: "fourth")) }
    #expect(try await Set(device.store.queue.list().snapshots.map(\.operation.orderingKey)) == ["list/\(id)"])
    let outcome = try await OfflineComposite(device.lists, network: device.network)
      .write(RenameList(listID: "list-1", title: "fifth")) { _, _ in throw Unexpected("overtaken") }
    guard case .queued(_, .notOvertaking) = outcome else { throw Unexpected("\(outcome)") }
    try await device.drain(server)
    let renames = ["second", "third", "fourth", "fifth"].map { "rename list-1 \($0)" }
    #expect(await server.calls == ["create home"] + renames)
    // With the line empty, the next edit goes by the name alone, and the way back to the line is given up.
    try await device.store.write { try $0.edit(device.lists, RenameList(listID: "list-1", title: "sixth")) }
    #expect(try await device.store.queue.list().snapshots.map(\.operation.orderingKey) == ["list/list-1"])
    #expect(try await device.base.scan(IdentityKey.orderingKeys, limit: 1).isEmpty)
  }

  @Test("when the creation comes to nothing, what needs it is told so, and the server is not asked")
  func rejectedParent() async throws {
    let device = try await NamingDevice.open()
    let server = ListServer()
    let id = try await device.make("bad", tasks: ["a"])
    try await device.drain(server)
    let dead = try #require(try await device.store.queue.list(OperationFilter(state: .deadLettered)).snapshots.first)
    // A person may still mend it; until then the child waits.
    #expect(try await device.tasks.read("a").pending.count == 1)
    try await device.store.queue.discard(dead.operation.id, reason: "by hand")
    try await device.drain(server)
    #expect(await server.calls.isEmpty)
    #expect(device.told.all.map(\.editID) == ["create", "a"])
    #expect(device.told.all.last?.reason == "it is about \(id), whose creation came to nothing")
    #expect(try await device.tasks.read("a").value == nil)
    let error = await #expect(throws: OfflineError.self) {
      try await device.store.write { try $0.edit(device.tasks, AddTask(taskID: "c", listID: id, text: "c")) }
    }
    #expect(error?.code == .unknownIdentifier)
    // Made anew it is another list of the same identifier.
    try await device.store.write { try $0.edit(device.lists, CreateList(listID: id, title: "good")) }
    try await device.store.write { try $0.edit(device.tasks, AddTask(taskID: "c", listID: id, text: "c")) }
    try await device.drain(server)
    #expect(await server.calls == ["create good", "add c to list-1"])
  }

  enum Decision: CaseIterable {
    case retried, discarded, madeAnew
  }

  @Test(
    "behind a creation that is held, edits in its line wait for what somebody decides", arguments: Decision.allCases)
  func heldCreation(_ decision: Decision) async throws {
    let device = try await NamingDevice.open()
    let (server, queue) = (ListServer(), device.store.queue)
    let id = try await device.make("bad", tasks: [])
    try await device.store.write {
      try $0.edit(device.lists, RenameList(listID: id, title: "house"), editID: "rename")
    }
    try await device.drain(server)
    #expect(device.told.all.map(\.editID) == ["create"])
    #expect(try await device.lists.read(id).pending.map(\.id) == ["rename"])
    let dead = try #require(try await queue.list(OperationFilter(state: .deadLettered)).snapshots.first).operation
    let good = CreateList(listID: id, title: "good")
    if decision == .retried {
      try await queue.edit(dead.id, payload: NewOperation(good).payload)
      try await queue.retry(dead.id)
    } else {
      try await queue.discard(dead.id, reason: "by hand")
    }
    // Another list, and behind the edit that waits for the first one.
    if decision == .madeAnew { try await device.store.write { try $0.edit(device.lists, good) } }
    for _ in 1...2 {
      try await device.drain(server)
      device.time.advance(by: .seconds(61))
    }
    let calls = await server.calls
    switch decision {
    case .retried: #expect(calls == ["create good", "rename list-1 house"])
    case .discarded: #expect(calls.isEmpty)
    case .madeAnew: #expect(calls == ["create good"])
    }
    #expect(device.told.all.map(\.editID) == (decision == .retried ? ["create"] : ["create", "rename"]))
    #expect(try await device.lists.read(id).pending.isEmpty)
  }

  @Test("an edit about something that nobody creates is refused")
  func unknown() async throws {
    let device = try await NamingDevice.open()
    let id = device.store.makeTemporaryIdentifier()
    let error = await #expect(throws: OfflineError.self) {
      try await device.store.write { try $0.edit(device.tasks, AddTask(taskID: "a", listID: id, text: "a")) }
    }
    #expect(error?.code == .unknownIdentifier)
    #expect(error?.message.contains(id) == true)
    #expect(try await device.store.queue.list().snapshots.isEmpty)
  }

  @Test("made online, a thing is named by the answer; an edit about a queued one is queued behind it")
  func throughComposites() async throws {
    let device = try await NamingDevice.open()
    let server = ListServer()
    let (lists, tasks) = (
      OfflineComposite(device.lists, network: device.network), OfflineComposite(device.tasks, network: device.network)
    )
    let online = device.store.makeTemporaryIdentifier()
    try await lists.write(CreateList(listID: online, title: "online")) { edit, id in
      await server.create(edit.title, key: id)
    }
    #expect(try await device.lists.read(online).id == "list-1")
    try await tasks.write(AddTask(taskID: "a", listID: online, text: "a")) { edit, _ in
      await server.add(edit)
      return nil
    }
    #expect(await server.calls == ["create online", "add a to list-1"])

    device.network.set(.offline)
    let offline = device.store.makeTemporaryIdentifier()
    try await lists.write(CreateList(listID: offline, title: "offline")) { _, _ in throw Unexpected("sent") }
    device.network.set(.online)
    let outcome = try await tasks.write(AddTask(taskID: "b", listID: offline, text: "b")) { _, _ in
      throw Unexpected("sent with a temporary identifier")
    }
    guard case .queued(_, .notOvertaking) = outcome else { throw Unexpected("\(outcome)") }
    try await device.drain(server)
    #expect(await server.calls.suffix(2) == ["create offline", "add b to list-2"])
  }

  @Test("a thing that was named before keeps its name, and a repeated answer changes nothing")
  func repeatedAnswer() async throws {
    let device = try await NamingDevice.open()
    let server = ListServer()
    let id = try await device.make(tasks: [])
    try await device.drain(server)
    try await device.lists.take(ServerCopy(TodoList(title: "again"), identifier: "list-1"), for: id)
    #expect(try await device.lists.read("list-1").value?.title == "again")
    let error = await #expect(throws: OfflineError.self) {
      try await device.lists.take(ServerCopy(TodoList(title: "other"), identifier: "list-9"), for: id)
    }
    #expect(error?.code == .renamed)
  }

  @Test("what was read under the name before the answer came, and edited, stays")
  func knownUnderTheName() async throws {
    let device = try await NamingDevice.open()
    let id = try await device.make(tasks: [])
    try await device.lists.take(ServerCopy(TodoList(title: "from a listing"), version: 5), for: "list-1")
    try await device.store.write { try $0.edit(device.lists, RenameList(listID: "list-1", title: "mine")) }
    try await device.lists.take(ServerCopy(TodoList(title: "older"), version: 4, identifier: "list-1"), for: id)
    let list = try await device.lists.read("list-1")
    #expect(list.base?.title == "from a listing")
    #expect(list.value?.title == "mine")
  }

  @Test(
    "edits stay in the order they were made when the thing is named, also where the clock was set back between them")
  func clockSetBack() async throws {
    let device = try await NamingDevice.open()
    let id = try await device.make(tasks: [])
    try await device.store.write { try $0.edit(device.lists, RenameList(listID: id, title: "older")) }
    device.time.setWallClock(device.time.now.advanced(by: .seconds(-3_600)))
    try await device.store.write { try $0.edit(device.lists, RenameList(listID: id, title: "newer")) }
    try await device.lists.take(ServerCopy(TodoList(title: "home"), identifier: "list-1"), for: id, answering: "create")
    #expect(try await device.lists.read("list-1").value?.title == "newer")
  }

  @Test(
    "a document that was named itself names the parent as the server does, whichever is named first",
    arguments: [true, false])
  func twoLevels(parentFirst: Bool) async throws {
    let device = try await NamingDevice.open()
    let (listID, taskID) = (try await device.make(tasks: []), device.store.makeTemporaryIdentifier())
    try await device.store.write {
      try $0.edit(device.tasks, AddTask(taskID: taskID, listID: listID, text: "tea"), editID: "add")
    }
    let list = ServerCopy(TodoList(title: "home"), identifier: "list-1")
    if parentFirst { try await device.lists.take(list, for: listID, answering: "create") }
    let task = ServerCopy(TodoTask(listID: parentFirst ? "list-1" : listID, text: "tea"), identifier: "task-1")
    try await device.tasks.take(task, for: taskID, answering: "add")
    if !parentFirst { try await device.lists.take(list, for: listID, answering: "create") }
    #expect(try await device.tasks.read("task-1").base?.listID == "list-1")
  }

  @Test("notices that were read before the thing was named can be acknowledged after")
  func acknowledgedAfterNaming() async throws {
    let device = try await NamingDevice.open()
    let id = try await device.make(tasks: [])
    try await device.store.write { try $0.edit(device.lists, RenameList(listID: id, title: "b"), editID: "rename") }
    try await device.lists.rollBack("rename", of: id, end: .discarded, reason: "by hand")
    let notices = try await device.lists.read(id).notices
    try await device.lists.take(ServerCopy(TodoList(title: "home"), identifier: "list-1"), for: id, answering: "create")
    #expect(try await device.lists.read("list-1").notices.map(\.editID) == ["rename"])
    try await device.lists.acknowledge(notices)
    #expect(try await device.lists.read("list-1").notices.isEmpty)
  }

  @Test("edits that come while the server's answer is brought in name the thing as it does, or are rewritten")
  func racingMentions() async throws {
    let device = try await NamingDevice.open()
    let server = ListServer()
    let id = try await device.make(tasks: [])
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await device.drain(server) }
      for number in 0..<30 {
        group.addTask {
          try await device.store.write {
            try $0.edit(device.tasks, AddTask(taskID: "\(number)", listID: id, text: "t"))
          }
        }
      }
      try await group.waitForAll()
    }
    for _ in 1...3 { try await device.drain(server) }
    let tasks = await server.tasks
    #expect(tasks.count == 30)
    #expect(tasks.values.allSatisfy { $0.listID == "list-1" })
    #expect(try await device.base.scan(IdentityKey.mentions(id), limit: 10).isEmpty)
  }
}
