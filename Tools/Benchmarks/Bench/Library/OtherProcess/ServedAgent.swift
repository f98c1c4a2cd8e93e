import Foundation
import Logging
import ServiceLifecycle
import TomboloAgent
import TomboloNetwork
import TomboloPorts
import TomboloQueue

/// The agent's HTTP interface on a fresh store, on a port that is free. It prints the port; for each line of input it prints how many
/// seconds of processor time it has used, and when the input ends it stops.
enum ServedAgent {
  static func run(_ engine: BenchmarkEngine, folder: String) async throws {
    let quiet = Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }
    let store = try await engine.store(in: folder)
    let queue = try await SyncQueue.open(store: store, configuration: .bench, logger: quiet)
    let network = NetworkMonitor(logger: quiet)
    // The worker stands still: what is measured is how operations come in.
    let worker = SyncWorker(queue: queue, handler: CountingHandler(stopAfter: .max), network: network, logger: quiet)
    let server = try AgentServer(
      AgentParts(
        queue: queue, worker: worker, network: network,
        storage: StorageDescription(type: engine.rawValue, path: folder)),
      configuration: AgentServerConfiguration(address: .tcp(host: "127.0.0.1", port: 0)), logger: quiet,
      onListening: { address in
        guard case .tcp(_, let port) = address else { return }
        say("\(port)")
      })
    let group = ServiceGroup(services: [server], logger: quiet)
    // A thread of its own, because waiting for input must not hold one of those that serve.
    Thread.detachNewThread {
      while readLine() != nil { say("\(Meter.processorSeconds)") }
      Task { await group.triggerGracefulShutdown() }
    }
    try await group.run()
    try await store.close()
  }

  private static func say(_ line: String) {
    // Not through `print` and `fflush`, which waits for whoever reads from the standard input.
    FileHandle.standardOutput.write(Data("\(line)\n".utf8))
  }
}
