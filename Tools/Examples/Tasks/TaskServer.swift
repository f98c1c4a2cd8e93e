import TomboloPorts

/// What is on the other side of the network. It names lists itself, and knows a repeated call by its key.
public protocol TaskServer: Sendable {
  func tasks(in listID: String) async throws -> AsyncThrowingStream<TaskItem, any Error>
  func createList(_ title: String, key: String) async throws -> String
  func put(_ task: TaskItem, in listID: String, key: String) async throws
  func remove(_ taskID: String, from listID: String, key: String) async throws
}

/// A server in memory, behind a cable that can be pulled.
public actor InMemoryTaskServer: TaskServer {
  private var lists: [String: [TaskItem]] = [:]
  private var listIDsByKey: [String: String] = [:]
  private var keys: Set<String> = []
  private var isReachable = true
  /// What it was asked to change, in order.
  public private(set) var calls: [String] = []

  public init() {}

  public func setReachable(_ isReachable: Bool) { self.isReachable = isReachable }

  public func tasks(in listID: String) throws -> AsyncThrowingStream<TaskItem, any Error> {
    let tasks = try list(listID)
    return AsyncThrowingStream { stream in
      for task in tasks { stream.yield(task) }
      stream.finish()
    }
  }

  public func createList(_ title: String, key: String) throws -> String {
    try requireCable()
    if let known = listIDsByKey[key] { return known }
    let id = "\(listIDsByKey.count + 1)"
    listIDsByKey[key] = id
    lists[id] = []
    calls.append("create \(title)")
    return id
  }

  public func put(_ task: TaskItem, in listID: String, key: String) throws {
    var tasks = try list(listID)
    guard keys.insert(key).inserted else { return }
    tasks.removeAll { $0.id == task.id }
    lists[listID] = tasks + [task]
    calls.append("put \(task.text) in \(listID)")
  }

  public func remove(_ taskID: String, from listID: String, key: String) throws {
    let tasks = try list(listID)
    guard keys.insert(key).inserted else { return }
    lists[listID] = tasks.filter { $0.id != taskID }
    calls.append("remove \(taskID) from \(listID)")
  }

  private func requireCable() throws {
    guard isReachable else { throw DeliveryFailure(.unreachable, "the cable is pulled") }
  }

  private func list(_ id: String) throws -> [TaskItem] {
    try requireCable()
    guard let tasks = lists[id] else { throw DeliveryFailure(.refused, "there is no list \(id)") }
    return tasks
  }
}
