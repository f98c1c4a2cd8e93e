import Foundation
import HTTPDelivery
import Logging
import SQLiteStorage
import TomboloNetwork
import TomboloPorts
import TomboloQueue
import TomboloResilience

/// What a program that uses Tombolo consists of: a store, its queue, a worker, a network monitor and a delivery. The demo
/// runs two of them, one after the other, on the same folder.
struct DemoProcess: Sendable {
  let queue: SyncQueue
  let worker: SyncWorker
  /// Ends when the worker has, and everything it had under way is stored.
  private let stopped = AsyncStream.makeStream(of: Void.self)

  private init(queue: SyncQueue, worker: SyncWorker) { (self.queue, self.worker) = (queue, worker) }

  /// Logs would disturb the screen.
  private static let silent = Logger(label: "tombolo.demo", factory: { _ in SwiftLogNoOpLogHandler() })
  private static let depthInterval = Duration.milliseconds(100)

  /// Opens everything, delivers while `body` runs, and closes everything in whatever way it ends.
  static func run<Result: Sendable>(
    folder: URL, upstreamPort: Int, board: DemoBoard, time: any TimeSource,
    _ body: (DemoProcess) async throws -> Result
  ) async throws -> Result {
    try await withClosing(SQLiteStore(path: folder.path)) { store in
      let delivery = try HTTPDelivery(
        HTTPDeliveryConfiguration(baseURL: "http://127.0.0.1:\(upstreamPort)"), time: time)
      return try await withClosing(delivery) { delivery in
        let monitor = NetworkMonitor(
          probe: TCPProbe(host: "127.0.0.1", port: upstreamPort, timeout: .seconds(1), time: time),
          configuration: NetworkMonitorConfiguration(
            probeInterval: .milliseconds(500), probeDelayMinimum: .milliseconds(100)),
          time: time, logger: silent)
        let queue = try await SyncQueue.open(store: store, configuration: configuration, time: time, logger: silent)
        let worker = SyncWorker(queue: queue, handler: delivery, network: monitor, logger: silent)
        return try await DemoProcess(queue: queue, worker: worker).serve(monitor, board, time, body)
      }
    }
  }

  /// The defaults, but for a backoff that fits into a demo.
  private static var configuration: QueueConfiguration {
    var configuration = QueueConfiguration()
    configuration.backoff = Backoff.exponential(initial: .milliseconds(400), maximum: .seconds(2))
    configuration.shutdownGrace = .seconds(3)
    return configuration
  }

  /// Stops the worker, and waits for what it has under way.
  func stop() async {
    worker.stop()
    for await _ in stopped.stream {}
  }

  private func serve<Result: Sendable>(
    _ monitor: NetworkMonitor, _ board: DemoBoard, _ time: any TimeSource,
    _ body: (DemoProcess) async throws -> Result
  ) async throws -> Result {
    let (queue, worker, didStop) = (queue, worker, stopped.continuation)
    let events = queue.events()
    let result = try await withThrowingTaskGroup(of: Void.self) { watchers in
      watchers.addTask { await monitor.run() }
      watchers.addTask {
        for await status in monitor.statuses() { board.set(status) }
      }
      watchers.addTask { for await event in events { board.add(event) } }
      watchers.addTask {
        while !Task.isCancelled {
          board.set(monitor.status)
          board.set(try await queue.status())
          do { try await time.sleep(for: Self.depthInterval) } catch is CancellationError { return }
        }
      }
      let result = try await withThrowingTaskGroup(of: Void.self) { workers in
        workers.addTask {
          defer { didStop.finish() }
          try await worker.run()
        }
        let result = try await body(self)
        worker.stop()
        try await workers.waitForAll()
        return result
      }
      watchers.cancelAll()
      return result
    }
    board.set(nil as NetworkStatus?)
    return result
  }
}
