import Testing
import TomboloPorts
import TomboloQueue
import TomboloStorage
import TomboloTesting

@testable import TomboloOffline

/// As `TwoDevicesTests`, with edits that say what a whole document is to be, and a server that sees real conflicts: what a resolver
/// decides is what everybody has in the end. Their wall clocks are minutes apart, and each has a version clock.
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
      mergeCount += try await MergingDevices(seed: seed, resolver: .threeWayLocal).run().mergeCount
    }
    #expect(mergeCount > 10)
  }

  @Test(
    "the seeds lead to versions that stand and others that give way by their stamps, which are not the wall clock's alone"
  )
  func stampCoverage() async throws {
    var (insistedCount, yieldedCount, movedCount) = (0, 0, 0)
    for seed in 1...10 as ClosedRange<UInt64> {
      let server = try await MergingDevices(seed: seed, resolver: .timestamp).run()
      insistedCount += await server.mergeCount
      yieldedCount += await server.conflicted.subtracting(server.accepted).count
      movedCount += await server.movedStampCount
    }
    #expect(insistedCount > 10)
    #expect(yieldedCount > 10)
    #expect(movedCount > 0)
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

  /// Answers with the server, and what it counted.
  @discardableResult
  func run() async throws -> MergingServer {
    var random = SeededGenerator(seed: seed)
    var devices = [try await open(0), try await open(1)]
    // One clock is ahead by up to two minutes: less than a version clock believes.
    let skew = Duration.seconds(Int.random(in: 10...120, using: &random))
    let ahead = devices[Int.random(in: 0...1, using: &random)].time
    ahead.setWallClock(ahead.now.advanced(by: skew))
    var written: [[String]] = [[], []]
    var versions: [UInt64] = [1, 1]
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
      case 6: devices[index] = try await open(index, after: device)
      case 7: try await read(device, Link(roll: rolls[0]), at: step)
      default: try await deliver(device, "\(index)", rolls)
      }
      try await audit(devices[index], written[index], at: step)
      versions[index] = try await auditBase(devices[index], "\(index)", since: versions[index], at: step)
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
    if resolver == .timestamp {
      let problems = await server.stampProblems
      #expect(problems.isEmpty, "seed \(seed): \(problems.joined(separator: "; "))")
    }
    try await check(devices)
    for (index, device) in devices.enumerated() { try await decideByHand(device, "\(index)") }
    let truth = await server.preferences
    for (index, device) in devices.enumerated() {
      _ = try await auditBase(device, "\(index)", since: versions[index], at: 99)
      let end = try await composite(device).read("7") { await server.copy }
      #expect(end.value == truth, "seed \(seed), device \(index)")
      #expect(end.pending.isEmpty, "seed \(seed), device \(index)")
      try await audit(device, written[index], at: 100)
    }
    return server
  }

  /// A device, or the next process of one: its clock goes on where the store says.
  private func open(_ index: Int, after device: TestDevice? = nil) async throws -> TestDevice {
    try await TestDevice.open(device?.base ?? InMemoryStore(), after: device) {
      $0.versionClock = HybridLogicalClock(node: "\(index)")
    }
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
    let stamp = device.store.queue.configuration.versionClock?.next(at: now) ?? HybridTimestamp(time: now)
    try await composite.write(edit, editID: id) { edit, id in
      try await link.send {
        try await server.take(edit, id, from: name, at: stamp, clock: now, isSilent: link.isSilent)
      }
    }
  }

  private func read(_ device: TestDevice, _ link: Link, at step: Int) async throws {
    let composite = self.composite(device)
    let known = try await composite.documents.read("7")
    let version = link.isSilent ? known.version : nil
    do {
      _ = try await composite.read("7") { try await link.call { await server.staleCopy(before: version) } }
    } catch let error as OfflineError where error.code == .bothFailed {
      #expect(!known.isKnown, "seed \(seed), step \(step)")
    }
  }

  private func deliver(_ device: TestDevice, _ name: String, _ rolls: [Int]) async throws {
    let rolls = Rolls(rolls)
    var handlers = HandlerRegistry()
    handlers.handle(RewritePreferences.self, in: documents(device)) { edit, attempt in
      let roll = await rolls.next()
      let id = attempt.operation.idempotencyKey
      do {
        let link = Link(roll: roll)
        let copy = try await link.send {
          try await server.take(
            edit, id, from: name, at: attempt.operation.written, clock: attempt.operation.enqueuedAt,
            replacing: attempt.attempt.replacing, isSilent: link.isSilent)
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

  /// What the resolver decided, before a person decides anything.
  private func check(_ devices: [TestDevice]) async throws {
    var (told, parked): ([String], [String]) = ([], [])
    for device in devices {
      told += try await documents(device).read("7").notices.map(\.editID)
      parked += try await device.store.queue.list(OperationFilter(state: .parked), limit: 1_000).snapshots
        .map(\.operation.idempotencyKey)
    }
    let (conflicted, insistedCount) = (await server.conflicted, await server.mergeCount)
    switch resolver {
    case .remoteWins:
      #expect(insistedCount == 0, "seed \(seed): an edit replaced the server's version")
      #expect(Set(told) == conflicted && parked.isEmpty, "seed \(seed): \(told), and in conflict were \(conflicted)")
    case .localWins:
      #expect(told.isEmpty, "seed \(seed): \(told) gave way")
      // Those that met one version after another as often as is allowed wait for a person.
      #expect(conflicted.subtracting(await server.accepted) == Set(parked), "seed \(seed)")
    case .manual:
      #expect(insistedCount == 0 && told.isEmpty, "seed \(seed): something was decided")
      #expect(Set(parked) == conflicted, "seed \(seed)")
    case .timestamp, .threeWayLocal, .threeWayRemote, .threeWayPark: break
    }
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

  /// What the device holds for the server's is the version that it believes to have, never an earlier one than before, or what its own
  /// last edit made of it that the server took since without saying so. Answers with the version.
  private func auditBase(
    _ device: TestDevice, _ name: String, since version: UInt64, at step: Int
  ) async throws -> UInt64 {
    let snapshot = try await documents(device).read("7")
    let (history, unanswered) = (await server.history, await server.unanswered[name] ?? [])
    let known = snapshot.version ?? 1
    #expect(known >= version, "seed \(seed), step \(step): from version \(version) back to \(known)")
    let newest = max(known, unanswered.max() ?? known)
    let expected = history[newest]?.document
    #expect(
      snapshot.base ?? Preferences() == expected, "seed \(seed), step \(step): not version \(known), or \(newest)")
    return known
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
