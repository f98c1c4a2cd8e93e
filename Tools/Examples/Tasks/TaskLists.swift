/// One thing to do. Whoever makes it gives it an identifier.
public struct TaskItem: Codable, Hashable, Sendable {
  public var id: String
  public var text: String
  public var isDone: Bool

  public init(id: String, text: String, isDone: Bool = false) {
    self.id = id
    self.text = text
    self.isDone = isDone
  }
}

/// The service: lists of tasks. A list is streamed task by task, and one call may concern two lists.
public protocol TaskLists: Sendable {
  func tasks(in listID: String) async throws -> AsyncThrowingStream<TaskItem, any Error>
  /// Makes a list, and answers with its identifier.
  func createList(_ title: String) async throws -> String
  /// Adds a task, or changes the one with its identifier.
  func put(_ task: TaskItem, in listID: String) async throws
  func move(_ task: TaskItem, from listID: String, to otherListID: String) async throws
}
