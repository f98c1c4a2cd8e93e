import Logging
import Synchronization
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

/// Devices that lose the network together and come back together, each with a queue, a worker and a store of its own: one seed
/// decides how long the outage is and in which order everything runs.
struct ReturningFleet {
  static let deviceCount = 32
  /// What each device has to deliver after the outage that is not critical.
  static let waitingCount = 6

  let world: SimulatedWorld
  /// How long the network is away.
  let outage: Duration

  /// What was seen of one device, since the network came back.
  struct DeviceRecord: Sendable {
    /// How long after the return the first one started, of those that are critical and of the others.
    var criticalDelay: Duration?
    var otherDelay: Duration?
    var underWayCount = 0
    var judgedCount = 0
    var deliveredCount = 0
    var problems: [String] = []
  }

  private final class Records: Sendable {
    let seen = Mutex<[DeviceRecord]>([])
  }

  init(seed: UInt64) {
    world = SimulatedWorld(seed: seed, faults: .none)
    var random = SeededGenerator(seed: seed &* 7 &+ 1)
    // One outage in four is too short to be spread.
    let isShort = Int.random(in: 0..<4, using: &random) == 0
    outage = .seconds(Int.random(in: isShort ? 5...59 : 60...7_200, using: &random))
  }

  var isSpread: Bool { outage >= .seconds(60) }
  /// The longest that a device waits: a tenth of the outage, half a minute at the most.
  var spreadMaximum: Duration { isSpread ? min(outage / 10, .seconds(30)) : .zero }

  /// Throws `SimulationFailure` when a promise was broken.
  func run() async throws {
    let records = Records()
    try await world.run { process in
      let devices = try await withThrowingTaskGroup(of: DeviceRecord.self) { group in
        for number in 0..<Self.deviceCount {
          group.addTask { try await self.live(number, process) }
        }
        group.addTask {
          // By then everybody has delivered what he had, and knows what the upstream bears.
          try await process.time.sleep(for: .seconds(60))
          process.network.set(.offline)
          try await process.time.sleep(for: outage)
          process.network.set(.online)
          return DeviceRecord()
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      records.seen.withLock { $0 = devices.filter { $0.deliveredCount > 0 } }
    }
    let problems = self.problems(of: records.seen.withLock { $0 })
    if !problems.isEmpty { throw world.failure("outage of \(outage): " + problems.prefix(5).joined(separator: "; ")) }
  }

  private func live(_ number: Int, _ process: SimulatedProcess) async throws -> DeviceRecord {
    var logger = Logger(label: "fleet", factory: { _ in SwiftLogNoOpLogHandler() })
    logger.logLevel = .critical
    let queue = try await SyncQueue.open(
      store: InMemoryStore(), time: process.time,
      ids: MonotonicOperationIDSource(random: process.random("ids \(number)")), logger: logger)
    let handler = FleetHandler(base: process.handler, world: world)
    let worker = SyncWorker(
      queue: queue, handler: handler, network: process.network, random: process.random("worker \(number)"),
      logger: logger)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await worker.run() }
      group.addTask {
        for _ in 0..<20 { try await queue.enqueue(NewOperation(kind: "before")) }
        try await process.time.sleep(for: .seconds(61))
        try await queue.enqueue(NewOperation(kind: "urgent", priority: .critical))
        for _ in 0..<Self.waitingCount { try await queue.enqueue(NewOperation(kind: "waiting")) }
        try await process.time.sleep(for: outage + spreadMaximum + .seconds(120))
        worker.stop()
      }
      try await group.waitForAll()
    }
    var record = handler.record
    let status = try await queue.status()
    record.deliveredCount = status.delivered
    if status.pending + status.retrying > 0 {
      record.problems.append("two minutes after its moment there is still \(status)")
    }
    return record
  }

  private func problems(of devices: [DeviceRecord]) -> [String] {
    var problems = devices.flatMap(\.problems)
    if devices.count != Self.deviceCount {
      problems.append("\(devices.count) of \(Self.deviceCount) devices delivered")
    }
    for device in devices {
      guard let urgent = device.criticalDelay, let other = device.otherDelay else {
        problems.append("a device started nothing after the outage")
        continue
      }
      if urgent > .milliseconds(10) { problems.append("what is critical started after \(urgent)") }
      if other > spreadMaximum + .seconds(1) { problems.append("a device started after \(other), of \(spreadMaximum)") }
    }
    guard isSpread else { return problems }
    // In any tenth of the time that they spread over: three of them on average, half of them once in a million fleets.
    let delays = devices.compactMap(\.otherDelay)
    let most = delays.map { delay in delays.count { $0 >= delay && $0 < delay + spreadMaximum / 10 } }.max() ?? 0
    if most > Self.deviceCount / 2 {
      problems.append("\(most) of \(Self.deviceCount) devices started within \(spreadMaximum / 10)")
    }
    return problems
  }
}

/// Notes when what starts after the outage starts.
private final class FleetHandler: OperationHandler {
  private let base: any OperationHandler
  private let world: SimulatedWorld
  private let state = Mutex(ReturningFleet.DeviceRecord())

  init(base: any OperationHandler, world: SimulatedWorld) {
    self.base = base
    self.world = world
  }

  var upstream: String { base.upstream }
  var record: ReturningFleet.DeviceRecord { state.withLock { $0 } }

  func deliver(_ operation: SyncOperation, attempt: DeliveryAttempt) async throws -> DeliveryOutcome {
    // Pilots, which are tried in spite of the outage, are none of the start.
    guard operation.kind != "before", world.network.status.isOnline else {
      return try await base.deliver(operation, attempt: attempt)
    }
    let delay = world.time.uptime - world.network.changedAt
    let isUrgent = operation.priority == .critical
    state.withLock { state in
      if isUrgent {
        state.criticalDelay = state.criticalDelay ?? delay
      } else {
        state.otherDelay = state.otherDelay ?? delay
        state.underWayCount += 1
        // One at first, and one more for each that was judged.
        if state.underWayCount > 1 + state.judgedCount {
          state.problems.append("\(state.underWayCount) are under way after \(state.judgedCount) were judged")
        }
      }
    }
    let outcome = try await base.deliver(operation, attempt: attempt)
    state.withLock { state in
      if !isUrgent { state.underWayCount -= 1 }
      state.judgedCount += 1
    }
    return outcome
  }
}
