import Foundation
import Logging
import TasksExample
import Testing
import TomboloOffline
import TomboloPorts
import TomboloQueue
import TomboloStorage
import TomboloTesting

@Suite("A second service, made to work offline by following the guide")
struct OfflineTaskListsTests {
  private struct Scene {
    let server = InMemoryTaskServer()
    let network = ScriptedNetwork()
    let store: OfflineStore
    let lists: OfflineTaskLists
    /// The edits that came to nothing.
    let told: AsyncStream<EditNotice>

    init() async throws {
      let (told, tell) = AsyncStream<EditNotice>.makeStream()
      self.told = told
      store = try await OfflineStore.open(store: InMemoryStore()) { tell.yield($0) }
      lists = OfflineTaskLists(store: store, server: server, network: network)
    }

    func texts(_ listID: String) async throws -> [String] {
      var texts: [String] = []
      for try await task in try await lists.tasks(in: listID) {
        texts.append(task.isDone ? "✓ \(task.text)" : task.text)
      }
      return texts
    }

    func setOnline(_ isOnline: Bool) async {
      network.set(isOnline ? .online : .offline)
      await server.setReachable(isOnline)
    }

    func drain() async throws {
      var logger = Logger(label: "test")
      logger.logLevel = .critical
      try await SyncWorker(queue: store.queue, handler: lists.handlers(), network: network, logger: logger).drain()
    }
  }

  @Test("the adapter has under 100 lines")
  func length() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let text = try String(
      contentsOf: root.appending(path: "Tools/Examples/Tasks/OfflineTaskLists.swift"), encoding: .utf8)
    #expect(text.split(separator: "\n", omittingEmptySubsequences: false).count - 1 < 100)
  }

  @Test("online, it streams what the server has")
  func online() async throws {
    let scene = try await Scene()
    let home = try await scene.lists.createList("home")
    #expect(home == "1")
    try await scene.lists.put(TaskItem(id: "a", text: "sweep"), in: home)
    try await scene.lists.put(TaskItem(id: "b", text: "cook"), in: home)
    #expect(try await scene.texts(home) == ["sweep", "cook"])
    #expect(await scene.server.calls == ["create home", "put sweep in 1", "put cook in 1"])
  }

  @Test("a list and its tasks made offline reach the server under its name, and are found under both")
  func offline() async throws {
    let scene = try await Scene()
    await scene.setOnline(false)
    let home = try await scene.lists.createList("home")
    try await scene.lists.put(TaskItem(id: "a", text: "sweep"), in: home)
    try await scene.lists.put(TaskItem(id: "a", text: "sweep", isDone: true), in: home)
    #expect(try await scene.texts(home) == ["✓ sweep"])
    await scene.setOnline(true)
    // Not delivered yet: the server cannot know the list, and is not asked about it.
    #expect(try await scene.texts(home) == ["✓ sweep"])
    try await scene.drain()
    #expect(await scene.server.calls == ["create home", "put sweep in 1", "put sweep in 1"])
    #expect(try await scene.texts("1") == ["✓ sweep"])
    #expect(try await scene.texts(home) == ["✓ sweep"])
  }

  @Test("a task moved while offline is never shown twice, nor lost, and leaves before it arrives")
  func move() async throws {
    let scene = try await Scene()
    let home = try await scene.lists.createList("home")
    let work = try await scene.lists.createList("work")
    let task = TaskItem(id: "a", text: "sweep")
    try await scene.lists.put(task, in: home)
    #expect(try await scene.texts(home) == ["sweep"])
    #expect(try await scene.texts(work) == [])
    await scene.setOnline(false)
    try await scene.lists.move(task, from: home, to: work)
    #expect(try await scene.texts(home) == [])
    #expect(try await scene.texts(work) == ["sweep"])
    await scene.setOnline(true)
    try await scene.drain()
    #expect(await scene.server.calls.suffix(2) == ["remove a from 1", "put sweep in 2"])
    #expect(try await scene.texts(work) == ["sweep"])
  }

  @Test("while it runs, an edit that came to nothing is told without anybody reading", .timeLimit(.minutes(5)))
  func runs() async throws {
    let scene = try await Scene()
    await scene.setOnline(false)
    try await scene.lists.put(TaskItem(id: "a", text: "sweep"), in: "99")
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await scene.lists.run() }
      let waiting = try #require(try await scene.store.queue.list().snapshots.first)
      try await scene.store.queue.discard(waiting.operation.id, reason: "no longer wanted")
      for await notice in scene.told {
        #expect((notice.kind, notice.reason) == ("tasks.put", "no longer wanted"))
        break
      }
      group.cancelAll()
    }
  }

  @Test("a task for a list that the server has not is taken back")
  func refused() async throws {
    let scene = try await Scene()
    await scene.setOnline(false)
    try await scene.lists.put(TaskItem(id: "a", text: "sweep"), in: "99")
    #expect(try await scene.texts("99") == ["sweep"])
    await scene.setOnline(true)
    try await scene.drain()
    #expect(await scene.server.calls.isEmpty)
    await scene.setOnline(false)
    // Nothing is left of it here.
    let error = await #expect(throws: OfflineError.self) { try await scene.texts("99") }
    #expect(error?.code == .bothFailed)
  }
}
