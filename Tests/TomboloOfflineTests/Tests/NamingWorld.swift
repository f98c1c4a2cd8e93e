import Logging
import TomboloPorts
import TomboloQueue
import TomboloResilience
import TomboloStorage
import TomboloTesting

@testable import TomboloOffline

/// A list that is made here and named by the server.
struct TodoList: OfflineDocument, Hashable {
  static let documentType = "list"
  var title: String
}

struct CreateList: DocumentEdit {
  static let kind = "list.create"
  var listID: String
  var title: String

  var documentID: String { listID }

  func apply(to list: inout TodoList?) { list = TodoList(title: title) }
}

struct RenameList: DocumentEdit {
  static let kind = "list.rename"
  var listID: String
  var title: String

  var documentID: String { listID }

  func apply(to list: inout TodoList?) { list = TodoList(title: title) }
}

/// A task that belongs to a list.
struct TodoTask: OfflineDocument, Hashable {
  static let documentType = "task"
  var listID: String
  var text: String
}

struct AddTask: DocumentEdit {
  static let kind = "task.add"
  var taskID: String
  var listID: String
  var text: String

  var documentID: String { taskID }

  func apply(to task: inout TodoTask?) { task = TodoTask(listID: listID, text: text) }
}

/// Names lists `list-1`, `list-2`, knows repeats by their key, and would take any text for the identifier of a list.
actor ListServer {
  private(set) var lists: [String: String] = [:]
  private(set) var tasks: [String: TodoTask] = [:]
  private(set) var calls: [String] = []
  private var namesByKey: [String: String] = [:]

  func create(_ title: String, key: String) -> ServerCopy<TodoList>? {
    if title == "bad" { return nil }
    let name = namesByKey[key] ?? "list-\(namesByKey.count + 1)"
    if namesByKey.updateValue(name, forKey: key) == nil {
      lists[name] = title
      calls.append("create \(title)")
    }
    return ServerCopy(TodoList(title: lists[name] ?? ""), identifier: name)
  }

  func rename(_ id: String, _ title: String) {
    lists[id] = title
    calls.append("rename \(id) \(title)")
  }

  func add(_ task: AddTask) {
    if tasks.updateValue(TodoTask(listID: task.listID, text: task.text), forKey: task.taskID) == nil {
      calls.append("add \(task.taskID) to \(task.listID)")
    }
  }
}

/// One device with lists and tasks.
struct NamingDevice: Sendable {
  let base: any KeyValueStore
  let store: OfflineStore
  let lists: DocumentCollection<TodoList>
  let tasks: DocumentCollection<TodoTask>
  let network = ScriptedNetwork()
  let time: ManualTimeSource
  let told: NoticeList

  static func open(
    _ base: any KeyValueStore = InMemoryStore(), time: ManualTimeSource = ManualTimeSource()
  ) async throws -> NamingDevice {
    var configuration = QueueConfiguration()
    configuration.backoff = Backoff.constant(.seconds(10))
    let told = NoticeList()
    let store = try await OfflineStore.open(
      store: base, configuration: configuration, time: time, logger: quiet, onNotice: { told.add($0) })
    return NamingDevice(
      base: base, store: store,
      lists: DocumentCollection(TodoList.self, in: store).edited(by: CreateList.self).edited(by: RenameList.self),
      tasks: DocumentCollection(TodoTask.self, in: store).edited(by: AddTask.self), time: time, told: told)
  }

  static var quiet: Logger {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    return logger
  }

  /// A list, and tasks in it, all made here.
  func make(_ title: String = "home", tasks taskIDs: [String] = ["a", "b"]) async throws -> String {
    let id = store.makeTemporaryIdentifier()
    try await store.write { transaction in
      try transaction.edit(lists, CreateList(listID: id, title: title), editID: "create")
      for taskID in taskIDs {
        try transaction.edit(tasks, AddTask(taskID: taskID, listID: id, text: taskID), editID: taskID)
      }
    }
    return id
  }

  /// Handlers that ask `server`; tasks are put off while `holdsTasks`.
  func handlers(_ server: ListServer, holdsTasks: Bool = false) -> HandlerRegistry {
    var handlers = HandlerRegistry()
    handlers.handle(CreateList.self, in: lists) { edit, attempt in
      guard let copy = await server.create(edit.title, key: attempt.operation.idempotencyKey) else {
        return .other(.reject(DeliveryFailure(.refused, "the title is bad")))
      }
      return .accepted(copy)
    }
    handlers.handle(RenameList.self, in: lists) { edit, _ in
      if holdsTasks { return .other(.retry(after: nil, DeliveryFailure(.upstreamFailed, "later"))) }
      await server.rename(edit.listID, edit.title)
      return .accepted(nil)
    }
    handlers.handle(AddTask.self, in: tasks) { edit, _ in
      if holdsTasks { return .other(.retry(after: nil, DeliveryFailure(.upstreamFailed, "later"))) }
      await server.add(edit)
      return .accepted(nil)
    }
    return handlers
  }

  func drain(_ server: ListServer, holdsTasks: Bool = false) async throws {
    let worker = SyncWorker(
      queue: store.queue, handler: handlers(server, holdsTasks: holdsTasks), network: network, logger: Self.quiet)
    try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask {
        try await worker.drain()
        return true
      }
      // A settlement that could not be stored is tried again after a while.
      group.addTask {
        while !Task.isCancelled {
          await Task.yield()
          if let wait = time.timeUntilNextSleeper, wait <= .seconds(5) { time.advance(by: wait) }
        }
        return false
      }
      while let isDone = try await group.next(), !isDone {}
      group.cancelAll()
    }
    time.advance(by: .seconds(11))
  }
}

/// Where a text stands in a store, but for what is known of its own identity.
func places(of text: String, in store: any KeyValueStore) async throws -> [String] {
  let all = try await store.scan(KeyRange(from: Key([]), to: Key([0xFF])), limit: 100_000)
  return all.compactMap { record in
    let isIdentity = record.key.bytes.starts(with: [DocumentKey.tag, UInt8(ascii: "i")])
    let isFound = [record.key.bytes, record.value].contains { String(decoding: $0, as: UTF8.self).contains(text) }
    return isFound && !isIdentity ? record.key.description : nil
  }
}
