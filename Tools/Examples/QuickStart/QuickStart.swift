import SQLiteStorage
import TomboloPorts
import TomboloQueue

struct SetCurrency: SyncCommand {
  static let kind = "preferences.setCurrency"
  var userID: String
  var currency: String
}

@main
struct QuickStart {
  static func main() async throws {
    let store = try await SQLiteStore(path: "./quickstart-data")
    let queue = try await SyncQueue.open(store: store)
    let command = SetCurrency(userID: "7", currency: "EUR")
    try await queue.enqueue(command, orderingKey: "user/7", priority: .critical)  // durable from here on

    var handlers = HandlerRegistry()
    handlers.handle(SetCurrency.self) { command, attempt in
      print("telling the server: \(command.currency)")  // an outcome, not an exception
      return .delivered
    }
    let summary = try await SyncWorker(queue: queue, handler: handlers).drain()
    print(summary)
    try await store.close()
  }
}
