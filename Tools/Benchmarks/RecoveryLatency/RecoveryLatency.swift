import Foundation
import Logging
import SQLiteStorage
import TomboloNetwork
import TomboloPorts
import TomboloQueue
import TomboloTesting

/// Measures how long it takes from the change of the network's status to the call of the handler, on SQLite, with one
/// critical operation waiting.
///
///     swift run -c release recovery-latency
@main
struct RecoveryLatency {
  static let roundCount = 300

  static func main() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "tombolo-latency-\(UUID().uuidString)")
    let store = try await SQLiteStore(path: folder.path)
    let queue = try await SyncQueue.open(store: store)
    let silent = Logger(label: "latency") { _ in SwiftLogNoOpLogHandler() }
    let monitor = NetworkMonitor(logger: silent)
    let handler = RecordingHandler()
    let worker = SyncWorker(queue: queue, handler: handler, network: monitor)
    var samples: [Duration] = []

    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await monitor.run() }
      group.addTask { try await worker.run() }
      for round in 1...roundCount {
        monitor.setOverride(.offline)
        try await queue.enqueue(NewOperation(kind: "critical", payload: Array("{}".utf8), priority: .critical))
        // Long enough that the worker has gone to sleep: what is measured is a wake-up.
        try await Task.sleep(for: .milliseconds(3))
        let clock = ContinuousClock()
        let changed = clock.now
        monitor.setOverride(.online)
        await handler.waitForCalls(round)
        samples.append(changed.duration(to: clock.now))
        while try await queue.status().waiting > 0 { await Task.yield() }
      }
      worker.stop()
      group.cancelAll()
      try await group.waitForAll()
    }
    try await store.close()
    try FileManager.default.removeItem(at: folder)

    samples.sort()
    print("status change to first delivery started, \(roundCount) rounds:")
    for (name, share) in [("median", 0.5), ("p99", 0.99), ("max", 1)] {
      let index = min(samples.count - 1, Int(Double(samples.count) * share))
      print("  \(name) \(samples[index].inSeconds * 1_000) ms")
    }
  }
}
