private import Synchronization
public import TomboloPorts

/// The disk of a world as one process sees it: it fails and is slow as the seed decides, and once the process has crashed
/// nothing reaches the disk any more.
///
/// It never answers with `CancellationError`: a commit that was asked for is made, which the contract of `KeyValueStore`
/// allows, and which keeps the group commit on the simulated executor.
public final class SimulatedStore: KeyValueStore {
  private let disk: SimulatedDisk
  private let life: SimulatedLife
  private let environment: SimulationEnvironment
  private let random: Mutex<SeededGenerator>

  init(disk: SimulatedDisk, life: SimulatedLife, environment: SimulationEnvironment, seed: UInt64) {
    self.disk = disk
    self.life = life
    self.environment = environment
    random = Mutex(SeededGenerator(seed: seed))
  }

  public var capabilities: StoreCapabilities { disk.capabilities }

  public func get(_ keys: [Key]) async throws -> [Record?] {
    try await read()
    return keys.map { disk.record($0) }
  }

  public func scan(_ range: KeyRange, reverse: Bool, limit: Int) async throws -> [Record] {
    try await read()
    return disk.records(in: range, reverse: reverse, limit: limit)
  }

  public func commit(_ batches: [Batch]) async throws -> [BatchResult] {
    let faults = environment.faults
    try requireLife()
    await pause(faults.slowCommitChance, faults)
    try requireLife()
    if draw(faults.crashDuringCommitChance) {
      let isApplied = draw(0.5)
      note(batches, isApplied ? "applied, then the process crashed" : "lost, the process crashed")
      if isApplied { _ = disk.apply(batches) }
      life.crash()
      throw Self.gone
    }
    if draw(faults.commitRefusedChance) {
      note(batches, "refused")
      throw StoreError(.engine, "the simulated disk refused a commit")
    }
    if draw(faults.commitVanishedChance) {
      note(batches, "lost, outcome unknown")
      throw StoreError(.outcomeUnknown, "the answer of the simulated disk was lost")
    }
    let results = disk.apply(batches)
    if draw(faults.commitUnansweredChance) {
      note(batches, "applied, outcome unknown")
      throw StoreError(.outcomeUnknown, "the answer of the simulated disk was lost")
    }
    note(batches, "applied")
    // The disk has it, and the answer takes a while.
    await pause(faults.slowCommitChance, faults)
    try requireLife()
    return results
  }

  public func close() async throws {
    life.close()
  }

  private func read() async throws {
    let faults = environment.faults
    try requireLife()
    await pause(faults.slowReadChance, faults)
    try requireLife()
    if draw(faults.readFailedChance) {
      environment.note("read failed")
      throw StoreError(.engine, "the simulated disk failed a read")
    }
  }

  private static let gone = StoreError(.closed, "this simulated process has ended")

  private func requireLife() throws {
    guard life.isOpen else { throw Self.gone }
  }

  private func draw(_ chance: Double) -> Bool {
    chance > 0 && random.withLock { Double.random(in: 0..<1, using: &$0) } < chance
  }

  private func pause(_ chance: Double, _ faults: SimulationFaults) async {
    guard draw(chance) else { return }
    let maximum = max(1, faults.slownessMaximum.wholeMilliseconds)
    let milliseconds = random.withLock { Int64.random(in: 1...maximum, using: &$0) }
    do {
      try await environment.time.sleep(for: .milliseconds(milliseconds))
    } catch {
      // Cancelled: it is only quicker then.
    }
  }

  private func note(_ batches: [Batch], _ what: String) {
    let count = batches.reduce(0) { $0 + $1.mutations.count }
    environment.note("life \(life.number) commit of \(count) \(what)")
  }
}
