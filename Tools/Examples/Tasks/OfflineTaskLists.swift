public import TomboloOffline
public import TomboloPorts
public import TomboloQueue

struct TaskList: OfflineDocument {
  static let documentType = "taskList"
  var title = ""
  var tasks: [TaskItem] = []
}

struct CreateList: DocumentEdit {
  static let kind = "tasks.createList"
  var listID: String, title: String
  var documentID: String { listID }
  func apply(to list: inout TaskList?) { list = TaskList(title: title) }
}

struct PutTask: DocumentEdit {
  static let kind = "tasks.put"
  var listID: String, task: TaskItem
  var documentID: String { listID }
  var orderingKey: String { "task/\(task.id)" }
  func apply(to list: inout TaskList?) {
    list = TaskList(title: list?.title ?? "", tasks: (list?.tasks ?? []).filter { $0.id != task.id } + [task])
  }
}

struct RemoveTask: DocumentEdit {
  static let kind = "tasks.remove"
  var listID: String, taskID: String
  var documentID: String { listID }
  var orderingKey: String { "task/\(taskID)" }
  func apply(to list: inout TaskList?) { list?.tasks.removeAll { $0.id == taskID } }
}

/// The service out of two halves.
public struct OfflineTaskLists: TaskLists {
  private let lists: OfflineComposite<TaskList>
  private let server: any TaskServer

  public init(store: OfflineStore, server: any TaskServer, network: any NetworkStatusSource) {
    let documents = DocumentCollection(TaskList.self, in: store)
      .edited(by: CreateList.self).edited(by: PutTask.self).edited(by: RemoveTask.self)
    lists = OfflineComposite(documents, network: network)
    self.server = server
  }

  public func tasks(in listID: String) async throws -> AsyncThrowingStream<TaskItem, any Error> {
    let list = try await lists.read(listID) { id in
      var tasks: [TaskItem] = []
      for try await task in try await server.tasks(in: id) { tasks.append(task) }
      return ServerCopy(TaskList(tasks: tasks))
    }
    return AsyncThrowingStream { stream in
      for task in list.value?.tasks ?? [] { stream.yield(task) }
      stream.finish()
    }
  }

  public func createList(_ title: String) async throws -> String {
    let id = lists.documents.store.makeTemporaryIdentifier()
    try await lists.write(CreateList(listID: id, title: title), sending: create)
    return try await lists.documents.read(id).id
  }

  public func put(_ task: TaskItem, in listID: String) async throws {
    try await lists.write(PutTask(listID: listID, task: task), sending: put)
  }

  public func move(_ task: TaskItem, from listID: String, to otherListID: String) async throws {
    try await lists.documents.store.write { transaction in
      try transaction.edit(lists.documents, RemoveTask(listID: listID, taskID: task.id))
      try transaction.edit(lists.documents, PutTask(listID: otherListID, task: task))
    }
  }

  /// Beside the service, until the task is cancelled.
  public func run() async { await lists.run() }

  public func handlers() -> HandlerRegistry {
    var handlers = HandlerRegistry()
    handlers.handle(CreateList.self, in: lists.documents, sending: create)
    handlers.handle(PutTask.self, in: lists.documents, sending: put)
    handlers.handle(RemoveTask.self, in: lists.documents) { edit, key in
      try await server.remove(edit.taskID, from: edit.listID, key: key)
      return nil
    }
    return handlers
  }

  @Sendable private func create(_ edit: CreateList, key: String) async throws -> ServerCopy<TaskList>? {
    ServerCopy(TaskList(title: edit.title), identifier: try await server.createList(edit.title, key: key))
  }

  @Sendable private func put(_ edit: PutTask, key: String) async throws -> ServerCopy<TaskList>? {
    try await server.put(edit.task, in: edit.listID, key: key)
    return nil
  }
}
