import Logging
import TomboloPorts
import TomboloQueue
import TomboloTesting

@testable import TomboloOffline

/// A composite and a worker in a simulated world, at the same time: writers of three keys, calls that fail or hang, outages, a disk
/// that fails and crashes.
struct CompositeSimulation {
  private static let userIDs = ["a", "b", "c"]

  let world: SimulatedWorld
  private let server = OrderKeepingServer()
  /// Writes as somebody would who did not know of overtaking: sends, and queues what failed.
  private let isHasty: Bool

  init(seed: UInt64, isHasty: Bool = false) {
    var faults = SimulationFaults()
    faults.onlineDuration = .seconds(5)...(.seconds(300))
    faults.outageDuration = .seconds(1)...(.seconds(300))
    world = SimulatedWorld(seed: seed, faults: faults, jobCountMaximum: 500_000)
    self.isHasty = isHasty
  }

  /// Throws `SimulationFailure`, with the seed and what happened last, when a promise was broken.
  func run() async throws {
    try await world.run(lives: 4, lifetime: .seconds(60)...(.seconds(1_200))) { try await live($0) }
    let problems = server.problems
    guard problems.isEmpty else { throw world.failure(problems.prefix(5).joined(separator: "; ")) }
  }

  private func live(_ process: SimulatedProcess) async throws {
    let logger = Logger(label: "simulation", factory: { _ in SwiftLogNoOpLogHandler() })
    let documents = DocumentCollection(Preferences.self, in: try await open(process, logger))
      .edited(by: AppendFavourite.self)
    let composite = OfflineComposite(documents, network: process.network)
    let link = SimulatedLink(process, to: server, trace: world.trace)
    var handlers = HandlerRegistry()
    handlers.handle(AppendFavourite.self, in: documents, sending: link.send)
    let worker = SyncWorker(
      queue: documents.store.queue, handler: handlers, network: process.network, random: process.random("worker"),
      logger: logger)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await worker.run() }
      group.addTask { await composite.run() }
      try await withThrowingTaskGroup(of: Void.self) { writers in
        for userID in Self.userIDs { writers.addTask { try await write(userID, composite, link, process) } }
        try await writers.waitForAll()
      }
      if process.isLast {
        try await waitUntilSettled(documents.store.queue, process)
        for userID in Self.userIDs { try await compare(userID, composite) }
      }
      worker.stop()
      group.cancelAll()
    }
  }

  private func open(_ process: SimulatedProcess, _ logger: Logger) async throws -> OfflineStore {
    while true {
      do {
        return try await OfflineStore.open(
          store: process.store, time: process.time, ids: MonotonicOperationIDSource(random: process.random("ids")),
          logger: logger)
      } catch let error as StoreError where error.code != .closed {
        try await process.time.sleep(for: .seconds(1))
      }
    }
  }

  private func write(
    _ userID: String, _ composite: OfflineComposite<Preferences>, _ link: SimulatedLink, _ process: SimulatedProcess
  ) async throws {
    var random = process.random("writer \(userID)")
    for _ in 0..<12 {
      try await process.time.sleep(for: .milliseconds(Int.random(in: 0...60_000, using: &random)))
      let edit = server.nextEdit(userID)
      do {
        if isHasty {
          try await writeHastily(edit, composite.documents, link)
        } else {
          try await composite.write(edit, sending: link.send)
        }
        server.acknowledge(edit)
      } catch let error as OfflineError where error.code == .refused || error.code == .bothFailed {
        // The writer was told.
      } catch let error as StoreError where error.code != .closed {
        // The same.
      }
    }
  }

  private func writeHastily(
    _ edit: AppendFavourite, _ documents: DocumentCollection<Preferences>, _ link: SimulatedLink
  ) async throws {
    let id = documents.store.nextEditID()
    do {
      if let copy = try await link.send(edit, id) { try await documents.take(copy, for: edit.userID) }
    } catch let failure as DeliveryFailure where failure.code != .refused {
      try await documents.store.write { try $0.edit(documents, edit, editID: id) }
    } catch let failure as DeliveryFailure {
      throw OfflineError(.refused, "refused", cause: failure)
    }
  }

  private func waitUntilSettled(_ queue: SyncQueue, _ process: SimulatedProcess) async throws {
    while true {
      let status = try await queue.status()
      if status.pending + status.retrying + status.blocked + status.delivering == 0 { return }
      try await process.time.sleep(for: .seconds(10))
    }
  }

  /// In the end the device shows what the server has, and every edit that was accepted from a writer is there or was taken back.
  private func compare(_ userID: String, _ composite: OfflineComposite<Preferences>) async throws {
    let (copy, end) = (server.copy(userID), try await composite.documents.read(userID))
    let there = copy.document?.favourites ?? []
    let told = Set(end.notices.map(\.editID)).count
    let missing = server.acknowledged(userID).filter { !there.contains($0) }
    if missing.contains(where: { !(Int($0) ?? 0).isMultiple(of: 11) }) || missing.count > told {
      server.note("\(missing) of \(userID) vanished, and \(told) were taken back")
    }
    if !end.pending.isEmpty { server.note("\(end.pending.count) of \(userID) are pending after all was settled") }
    server.compare(end.base, at: end.version, of: userID)
    let shown = try await composite.read(userID) { () async throws -> ServerCopy<Preferences> in server.copy(userID) }
    if shown.value?.favourites ?? [] != there {
      server.note("the device does not show what the server has of \(userID)")
    }
  }
}
