import Testing
import TomboloPorts
import TomboloQueue
import TomboloStorage
import TomboloTesting

@testable import TomboloOffline

/// As `TwoDevicesTests`, with edits that say what a whole document is to be, and a server that sees real conflicts: what a resolver
/// decides is what everybody has in the end.
@Suite("Two devices that rewrite one document")
struct MergingDevicesTests {
  @Test(
    "agree with the server in the end, whoever decides; a merge undoes nothing that only the other side changed",
    arguments: TwoDevicesTests.Resolver.allCases, TwoDevicesTests.seeds)
  func converge(_ resolver: TwoDevicesTests.Resolver, _ seed: UInt64) async throws {
    try await MergingDevices(seed: seed, resolver: resolver).run()
  }

  @Test("the seeds lead to merges")
  func coverage() async throws {
    var mergeCount = 0
    for seed in 1...10 as ClosedRange<UInt64> {
      mergeCount += try await MergingDevices(seed: seed, resolver: .threeWayLocal).run()
    }
    #expect(mergeCount > 10)
  }
}

/// One run from one seed.
struct MergingDevices {
  let seed: UInt64
  let resolver: TwoDevicesTests.Resolver
  private let server = MergingServer()

  init(seed: UInt64, resolver: TwoDevicesTests.Resolver) {
    self.seed = seed
    self.resolver = resolver
  }

  /// Answers with how many merged, or insisted on, versions the server took.
  @discardableResult
  func run() async throws -> Int {
    var random = SeededGenerator(seed: seed)
    var devices = [try await TestDevice.open(), try await TestDevice.open()]
    var written: [[String]] = [[], []]
    for step in 1...40 {
      let index = Int.random(in: 0...1, using: &random)
      let device = devices[index]
      let rolls = (0..<8).map { _ in Int.random(in: 0..<5, using: &random) }
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<4:
        written[index].append("\(step)")
        try await write(device, "\(step)", Int.random(in: 0..<3, using: &random), Link(roll: rolls[0]), "\(index)")
      case 4: device.network.set(.offline)
      case 5: device.network.set(.online)
      case 6: devices[index] = try await device.reopened()
      case 7: try await read(device, Link(roll: rolls[0]), at: step)
      default: try await deliver(device, "\(index)", rolls)
      }
      try await audit(devices[index], written[index], at: step)
    }
    for (index, device) in devices.enumerated() {
      device.network.set(.online)
      device.time.advance(by: .seconds(11))
      try await deliver(device, "\(index)", [])
    }
    if resolver.rawValue.hasPrefix("threeWay") {
      let problems = await server.problems
      #expect(problems.isEmpty, "seed \(seed): \(problems.joined(separator: "; "))")
    }
    for (index, device) in devices.enumerated() { try await decideByHand(device, "\(index)") }
    let truth = await server.preferences
    for (index, device) in devices.enumerated() {
      let end = try await composite(device).read("7") { await server.copy }
      #expect(end.value == truth, "seed \(seed), device \(index)")
      #expect(end.pending.isEmpty, "seed \(seed), device \(index)")
      try await audit(device, written[index], at: 100)
    }
    return await server.mergeCount
  }

  private func documents(_ device: TestDevice) -> DocumentCollection<Preferences> {
    device.preferences.edited(by: RewritePreferences.self)
  }

  private func composite(_ device: TestDevice) -> OfflineComposite<Preferences> {
    OfflineComposite(documents(device), network: device.network)
  }

  /// Changes the currency, the theme, or both, from what the device shows.
  private func write(
    _ device: TestDevice, _ id: String, _ fields: Int, _ link: Link, _ name: String
  ) async throws {
    let composite = self.composite(device)
    let shown = try await composite.documents.read("7")
    var edit = RewritePreferences(
      userID: "7", currency: shown.value?.currency ?? "USD", theme: shown.value?.theme ?? "light",
      basedOn: shown.version ?? 1)
    if fields != 0 { edit.currency = "currency \(id)" }
    if fields != 1 { edit.theme = "theme \(id)" }
    await server.expect(edit, over: shown.value, id: id)
    let now = device.time.now
    try await composite.write(edit, editID: id) { edit, id in
      try await link.call { try await server.take(edit, id, from: name, at: now) }
    }
  }

  private func read(_ device: TestDevice, _ link: Link, at step: Int) async throws {
    let composite = self.composite(device)
    let wasKnown = try await composite.documents.read("7").isKnown
    do {
      _ = try await composite.read("7") { try await link.call { await server.copy } }
    } catch let error as OfflineError where error.code == .bothFailed {
      #expect(!wasKnown, "seed \(seed), step \(step)")
    }
  }

  private func deliver(_ device: TestDevice, _ name: String, _ rolls: [Int]) async throws {
    let rolls = Rolls(rolls)
    var handlers = HandlerRegistry()
    handlers.handle(RewritePreferences.self, in: documents(device)) { edit, attempt in
      let roll = await rolls.next()
      let id = attempt.operation.idempotencyKey
      do {
        let copy = try await Link(roll: roll).call {
          try await server.take(
            edit, id, from: name, at: attempt.operation.enqueuedAt, replacing: attempt.attempt.replacing)
        }
        return .accepted(copy)
      } catch let newer as NewerVersion {
        // Before the edit comes again somebody else writes.
        if roll == 3 { await server.meddle("\(id) \(attempt.attempt.number)", at: attempt.operation.enqueuedAt) }
        return .other(.conflict(newer.remote))
      }
    }
    try await device.drain(handlers, resolver: resolver.resolver)
    device.time.advance(by: .seconds(11))
  }

  /// A person has what is parked replace the server's version, and gives up what meets another conflict.
  private func decideByHand(_ device: TestDevice, _ name: String) async throws {
    let queue = device.store.queue
    for parked in try await queue.list(OperationFilter(state: .parked)).snapshots {
      try await queue.resolve(parked.operation.id, with: .local)
    }
    try await deliver(device, name, [])
    for parked in try await queue.list(OperationFilter(state: .parked)).snapshots {
      try await queue.discard(parked.operation.id, reason: "by hand")
    }
  }

  /// Every edit is at the server, pending, or was taken back with a notice.
  private func audit(_ device: TestDevice, _ written: [String], at step: Int) async throws {
    let snapshot = try await documents(device).read("7")
    let (pending, noticed) = (Set(snapshot.pending.map(\.id)), Set(snapshot.notices.map(\.editID)))
    let accepted = await server.accepted
    for id in written {
      let isSomewhere = accepted.contains(id) || pending.contains(id) || noticed.contains(id)
      #expect(isSomewhere, "seed \(seed), step \(step): \(id) vanished")
    }
    // What is told as come to nothing is not at the server.
    #expect(noticed.isDisjoint(with: accepted), "seed \(seed), step \(step)")
    let waiting = try await device.store.queue.list(limit: 1_000).snapshots.filter { $0.state != .deadLettered }
    #expect(Set(waiting.map(\.operation.idempotencyKey)) == pending, "seed \(seed), step \(step)")
  }
}
