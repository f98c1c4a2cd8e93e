public import Logging
import TomboloNetwork
import TomboloOffline
public import TomboloPorts
import TomboloQueue

/// Monitor, queue, go offline, set the currency as critical, come back: it is at the server at once.
public struct BasicExample: Sendable {
  private let store: any KeyValueStore
  private let time: any TimeSource
  private let logger: Logger

  public init(store: any KeyValueStore, time: any TimeSource = SystemTimeSource(), logger: Logger) {
    self.store = store
    self.time = time
    self.logger = logger
  }

  public func run(print: @Sendable (String) -> Void) async throws {
    let monitor = NetworkMonitor(time: time, logger: logger)
    let offline = try await OfflineStore.open(store: store, time: time, logger: logger)
    let server = InMemoryPreferencesServer()
    let factory = UserPreferencesFactory(store: offline, server: server, network: monitor)
    let preferences = factory.make()
    let worker = SyncWorker(queue: offline.queue, handler: factory.handlers(), network: monitor, logger: logger)
    let events = offline.queue.events()

    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await monitor.run() }
      group.addTask { await factory.run() }
      group.addTask { try await worker.run() }

      monitor.setOverride(.online)
      try await preferences.setPreferredCurrency("EUR", of: "7")
      print("online: the server has \(try await server.preferences(of: "7").document?.currency ?? "nothing")")

      monitor.setOverride(.offline)
      await server.setReachable(false)
      try await preferences.setPreferredCurrency("BTC", of: "7")
      print("offline: the program reads \(try await preferences.preferences(of: "7").currency)")
      print("offline: \(try await offline.queue.status().pending) operation waits")

      await server.setReachable(true)
      print("offline: the server has \(try await server.preferences(of: "7").document?.currency ?? "nothing")")
      monitor.setOverride(.online)
      for await event in events {
        if case .delivered = event.change { break }
      }
      print("back: the server has \(try await server.preferences(of: "7").document?.currency ?? "nothing")")
      group.cancelAll()
    }
    print("back: \(try await offline.queue.status().pending) operations wait")
  }
}
