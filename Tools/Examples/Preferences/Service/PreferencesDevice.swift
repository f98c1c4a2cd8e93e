package import Logging
package import PreferencesExample
import Synchronization
package import TomboloNetwork
package import TomboloOffline
package import TomboloPorts
package import TomboloQueue

/// One device: a store, a monitor, a worker, and the service out of two halves, the server's over gRPC.
package struct PreferencesDevice: Sendable {
  package let monitor: NetworkMonitor
  package let offline: OfflineStore
  package let online: GRPCUserPreferences
  package let preferences: any UserPreferences
  package let factory: UserPreferencesFactory
  package let worker: SyncWorker
  private let told: NoticeList

  /// - Parameters:
  ///   - name: what the server calls this device.
  ///   - port: where the server listens on this machine.
  ///   - monitor: knows whether the server can be reached; by default one that is told by hand and by deliveries.
  ///   - timeout: how long a call of the server may take.
  package static func open(
    _ name: String, store: any KeyValueStore, port: Int, monitor: NetworkMonitor? = nil, logger: Logger,
    resolver: any ConflictResolver = TimestampConflictResolver(),
    configuration: QueueConfiguration = QueueConfiguration(), timeout: Duration = .seconds(5)
  ) async throws -> PreferencesDevice {
    let told = NoticeList()
    let offline = try await OfflineStore.open(store: store, configuration: configuration, logger: logger) {
      told.add($0)
    }
    let monitor = monitor ?? NetworkMonitor(logger: logger)
    let online = GRPCUserPreferences(port: port, deviceID: name, timeout: timeout)
    let factory = UserPreferencesFactory(
      store: offline, server: online, network: monitor, onlineTimeout: max(timeout, .seconds(10)))
    let worker = SyncWorker(
      queue: offline.queue, handler: factory.handlers(), network: monitor, resolver: resolver, logger: logger)
    return PreferencesDevice(
      monitor: monitor, offline: offline, online: online, preferences: factory.make(), factory: factory,
      worker: worker, told: told)
  }

  /// Connects and delivers until the task is cancelled.
  package func run() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await monitor.run() }
      group.addTask { await online.run() }
      group.addTask { await factory.run() }
      group.addTask { try await worker.run() }
      try await group.waitForAll()
    }
  }

  /// Comes back online and returns when everything that waited has ended.
  package func comeBack() async throws {
    let events = offline.queue.events()
    monitor.setOverride(.online)
    if try await waitingCount() == 0 { return }
    for await event in events {
      switch event.change {
      case .delivered, .discarded, .deadLettered, .parked, .expired:
        if try await waitingCount() == 0 { return }
      default: continue
      }
    }
  }

  package func waitingCount() async throws -> Int {
    let status = try await offline.queue.status()
    return status.pending + status.retrying + status.blocked + status.delivering
  }

  /// The edits that came to nothing since it was opened, the newest hundred.
  package var notices: [EditNotice] { told.all }
}

private final class NoticeList: Sendable {
  private let list = Mutex<[EditNotice]>([])

  var all: [EditNotice] { list.withLock { $0 } }

  func add(_ notice: EditNotice) {
    list.withLock { list in
      list.append(notice)
      if list.count > 100 { list.removeFirst() }
    }
  }
}
