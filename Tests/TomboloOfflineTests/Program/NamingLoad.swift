import FileStorage
import Logging
import TomboloOffline
import TomboloPorts
import TomboloQueue

struct LoadList: OfflineDocument {
  static let documentType = "loadList"
  var title: String
}

struct CreateLoadList: DocumentEdit {
  static let kind = "loadList.create"
  var listID: String
  var title: String

  var documentID: String { listID }

  func apply(to list: inout LoadList?) { list = LoadList(title: title) }
}

struct LoadTask: OfflineDocument {
  static let documentType = "loadTask"
  var listID: String
}

struct AddLoadTask: DocumentEdit {
  static let kind = "loadTask.add"
  var taskID: String
  var listID: String

  var documentID: String { taskID }

  func apply(to task: inout LoadTask?) { task = LoadTask(listID: listID) }
}

/// Makes lists with tasks in them, and has a server name them. The server calls a list after the key under which it was created, so it
/// knows a repeated creation without remembering anything.
struct NamingLoad {
  /// No more lists are made, however late the process is killed: whoever looks at the store afterwards looks at all of it.
  private static let listCountMaximum = 100

  private let store: OfflineStore
  private let lists: DocumentCollection<LoadList>
  private let tasks: DocumentCollection<LoadTask>

  static func open(_ folder: String) async throws -> NamingLoad {
    let store = try await OfflineStore.open(store: try await FileStore(path: folder, durability: .full))
    return NamingLoad(
      store: store, lists: DocumentCollection(LoadList.self, in: store).edited(by: CreateLoadList.self),
      tasks: DocumentCollection(LoadTask.self, in: store).edited(by: AddLoadTask.self))
  }

  /// Until it is killed: a list with three tasks in one commit, then one pass of a worker, in which the server names the list and puts the
  /// tasks off, so that they wait in the queue. Tells `made KEY`, `naming KEY` when the server has answered, and `named KEY`. After
  /// `listCountMaximum` of them it only waits.
  func makeAndName() async throws {
    let worker = worker { _ in .other(.snooze(for: .seconds(3_600), DeliveryFailure(.upstreamFailed, "not today"))) }
    for number in 1...Self.listCountMaximum {
      let (key, id) = ("\(number)", store.makeTemporaryIdentifier())
      try await store.write { transaction in
        try transaction.edit(lists, CreateLoadList(listID: id, title: key), editID: key)
        for task in ["a", "b", "c"] {
          let edit = AddLoadTask(taskID: "\(key)\(task)", listID: id)
          try transaction.edit(tasks, edit, editID: edit.taskID)
        }
      }
      tell("made \(key)")
      try await worker.drain()
      tell("named \(key)")
    }
    while true { try await Task.sleep(for: .seconds(3_600)) }
  }

  /// What the next process does: delivers all that waits. Tells `task TASK in LIST` for each task that arrives at the server.
  func finish() async throws {
    for snapshot in try await store.queue.list(OperationFilter(kind: AddLoadTask.kind), limit: 1_000).snapshots
    where snapshot.state != .blocked {
      try await store.queue.retry(snapshot.operation.id)
    }
    try await worker { edit in
      tell("task \(edit.taskID) in \(edit.listID)")
      return .accepted(nil)
    }.drain()
    tell("left \(try await store.queue.list().snapshots.count)")
  }

  private func worker(
    _ add: @escaping @Sendable (AddLoadTask) async throws -> EditAnswer<LoadTask>
  ) -> SyncWorker {
    var handlers = HandlerRegistry()
    handlers.handle(CreateLoadList.self, in: lists) { edit, attempt in
      let key = attempt.operation.idempotencyKey
      tell("naming \(key)")
      return .accepted(ServerCopy(LoadList(title: edit.title), identifier: "list-\(key)"))
    }
    handlers.handle(AddLoadTask.self, in: tasks) { edit, _ in try await add(edit) }
    var logger = Logger(label: "offline-load")
    logger.logLevel = .critical
    return SyncWorker(queue: store.queue, handler: handlers, logger: logger)
  }
}
