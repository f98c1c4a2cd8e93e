import TomboloPorts
import TomboloQueue
import TomboloResilience
import TomboloTesting

/// What one simulation does, from its seed: settings, faults, and the operations it enqueues.
struct QueuePlan: Sendable {
  var configuration = QueueConfiguration()
  var faults = SimulationFaults()
  var lives: Int
  /// Whether a person retries and discards operations by hand.
  var hasPerson: Bool
  var hasNotBefore = true
  /// Whether kinds, keys and the queue are paused and resumed, and namespaces come and go.
  var hasPauses: Bool
  /// Whether two workers, with a queue each, share the store.
  var isShared: Bool

  /// Each stalls now and then, for so long; or the second dies while the first goes on.
  var stall: ClosedRange<Duration>?
  var hasDeath = false
  /// Whether processes stall or die while another goes on.
  var losesOwners: Bool { isShared && (stall != nil || hasDeath) }
  /// Whether a lease may end while the process that has it is at work: it stalls or dies, its clock jumps, or its store keeps it from
  /// putting the end off in time.
  var losesLeases: Bool { isShared && (faults.wallClockJumpChance > 0 || hasShortLeases && !isStoreCalm) }
  /// Whether a lease is shorter than attempts, so that it has to be renewed.
  var hasShortLeases = false
  private var isStoreCalm = false

  /// Whether operations are stamped by a clock for versions.
  var hasStamps: Bool
  /// What a queue keeps of each priority's ready operations, and of its lines; `nil` for what it keeps usually.
  var memory: (windowCapacity: Int, lineCountMaximum: Int)?
  /// Whether passes by hand have a deadline.
  var hasDeadlines: Bool
  /// So long that nothing is pruned.
  static let keptThroughout = Duration.seconds(1_000 * 24 * 3_600)

  /// Whether everything must settle soon once nothing fails: a wall clock that jumped may put a `notBefore` far off.
  var isPatienceLimited: Bool { faults.wallClockJumpChance == 0 || !hasNotBefore }

  init(seed: UInt64) {
    var random = SeededGenerator(seed: seed &* 31 &+ 7)
    lives = Int.random(in: 1...4, using: &random)
    configuration.concurrency = [1, 1, 2, 4, 16].randomElement(using: &random) ?? 1
    configuration.attemptsMaximum = Bool.random(using: &random) ? 5 : 50
    configuration.onPermanentFailure = Int.random(in: 0..<4, using: &random) == 0 ? .block : .continue
    configuration.attemptTimeout = .seconds(Int.random(in: 5...30, using: &random))
    configuration.merger = NewestPayload()
    configuration.passedOverMaximum = Bool.random(using: &random) ? 3 : 1_000
    if Bool.random(using: &random) {
      configuration.kindLimits["limited"] =
        Bool.random(using: &random)
        ? KindLimit(concurrency: 1) : KindLimit(concurrency: 2, rate: RateLimit(1, per: .seconds(60)))
    }
    hasPauses = Int.random(in: 0..<3, using: &random) == 0
    isShared = Int.random(in: 0..<4, using: &random) == 0
    configuration.leaseDuration = .seconds(600)
    configuration.sharedPollInterval = .seconds(20)
    configuration.activeNamespaces = Bool.random(using: &random) ? ["n"] : ["n", "m"]
    hasPerson = Bool.random(using: &random)
    if Bool.random(using: &random) {
      faults.wallClockJumpChance = 0
    } else {
      faults.wallClockJumpChance = 0.3
      hasNotBefore = Int.random(in: 0..<3, using: &random) == 0
    }
    // Drawn apart from the rest, so that older seeds still show what they showed.
    var extra = SeededGenerator(seed: seed &* 17 &+ 3)
    configuration.historyRetention =
      [.zero, .zero, .seconds(600), Self.keptThroughout].randomElement(using: &extra) ?? .zero
    configuration.stallTimeout = .seconds(600)
    hasDeadlines = Bool.random(using: &extra)
    var further = SeededGenerator(seed: seed &* 13 &+ 11)
    configuration.recovery.retryBudget =
      [
        configuration.recovery.retryBudget, nil,
        RetryBudget("upstream", ratio: 0.1, perSecondMinimum: 0.02, savedMaximum: 2),
      ].randomElement(using: &further) ?? nil
    configuration.recovery.spreadShare = [0, 0.1, 1].randomElement(using: &further) ?? 0.1
    configuration.recovery.spreadMaximum = [.seconds(30), .seconds(600)].randomElement(using: &further) ?? .seconds(30)
    configuration.retryAfterMaximum = [.seconds(3_600), .seconds(60)].randomElement(using: &further) ?? .seconds(3_600)
    if Int.random(in: 0..<4, using: &further) == 0 {
      configuration.operationsMaximum = Int.random(in: 3...10, using: &further)
    }
    var stamps = SeededGenerator(seed: seed &* 19 &+ 5)
    hasStamps = Bool.random(using: &stamps)
    var bounds = SeededGenerator(seed: seed &* 23 &+ 13)
    if Bool.random(using: &bounds) {
      memory = (Int.random(in: 1...3, using: &bounds), Int.random(in: 1...3, using: &bounds))
    }
    if Bool.random(using: &random) { faults.onlineDuration = .seconds(10)...(.seconds(600)) }
    if Int.random(in: 0..<4, using: &random) == 0 { faults.deliveryFaultChance = 0.9 }
    if Int.random(in: 0..<4, using: &random) == 0 { faults.crashDuringCommitChance = 0.03 }
    if Int.random(in: 0..<4, using: &random) == 0 { (faults.commitRefusedChance, faults.readFailedChance) = (0.2, 0.1) }
    drawFate(seed: seed)
    drawLimits(seed: seed)
  }

  /// How two processes on one store lose and renew their leases.
  private mutating func drawFate(seed: UInt64) {
    var random = SeededGenerator(seed: seed &* 29 &+ 17)
    let choice = Int.random(in: 0..<4, using: &random)
    guard isShared, choice > 0 else { return }
    hasShortLeases = true
    let lease = Duration.seconds([20, 20, 60].randomElement(using: &random) ?? 20)
    configuration.leaseDuration = lease
    switch choice {
    case 1:
      // Nothing keeps a process from renewing, so that no lease may end.
      isStoreCalm = true
      (faults.commitRefusedChance, faults.readFailedChance) = (0, 0)
      (faults.commitUnansweredChance, faults.commitVanishedChance) = (0, 0)
      (faults.slowCommitChance, faults.slowReadChance) = (0, 0)
    case 2: stall = lease * 1.2...lease * 3
    default: hasDeath = true
    }
  }

  /// What happens where there is no room.
  private mutating func drawLimits(seed: UInt64) {
    var random = SeededGenerator(seed: seed &* 37 &+ 19)
    configuration.limitPolicy = LimitPolicy.allCases.randomElement(using: &random) ?? .reject
    // The names that payloads are have five bytes.
    if Int.random(in: 0..<8, using: &random) == 0 {
      configuration.bytesMaximum = Int.random(in: 15...60, using: &random)
    }
  }

  /// Whether the first of the most urgent always goes first.
  var isStrictlyByPriority: Bool { configuration.passedOverMaximum > 100 }

  /// A random operation.
  ///
  /// - Parameter known: operations that it may have to wait for.
  func operation(
    _ name: String, at now: Timestamp, after known: [OperationID] = [], _ random: inout SeededGenerator
  ) -> NewOperation {
    func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }
    var operation = NewOperation(kind: chance(30) ? "limited" : "test", payload: Array(name.utf8))
    if chance(20) { operation.namespace = chance(50) ? "n" : "m" }
    operation.priority = OperationPriority.allCases.randomElement(using: &random) ?? .normal
    if chance(60) { operation.orderingKey = ["a", "b", "c"].randomElement(using: &random) }
    if chance(25) {
      operation.coalescingKey = ["x", "y"].randomElement(using: &random)
      // A coalescing key always comes with the same ordering key.
      operation.orderingKey = operation.coalescingKey == "x" ? "a" : nil
      operation.uniqueness = (UniquenessPolicy.allCases + [nil]).randomElement(using: &random) ?? nil
    }
    while chance(15), let other = known.randomElement(using: &random) { operation.after.append(.operation(other)) }
    if chance(50) { operation.idempotencyKey = name }
    if hasNotBefore, chance(20) {
      operation.notBefore = now.advanced(by: .seconds(Int.random(in: 1...1_800, using: &random)))
    }
    if chance(15) { operation.expiresAt = now.advanced(by: .seconds(Int.random(in: 2_000...7_200, using: &random))) }
    return operation
  }
}

/// Payloads are names here, so of two the newer stays.
private struct NewestPayload: PayloadMerger {
  func merge(_ waiting: SyncOperation, with newer: NewOperation) -> [UInt8] { newer.payload }
}
