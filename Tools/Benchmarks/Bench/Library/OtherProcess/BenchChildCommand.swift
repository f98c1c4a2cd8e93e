package import ArgumentParser
import Foundation
import TomboloPorts
import TomboloQueue

/// What `OtherProcess` starts. It prints one line of JSON, or serves until its input ends.
package struct BenchChildCommand: AsyncParsableCommand {
  enum Work: String, ExpressibleByArgument {
    /// Fills a store with so many operations.
    case fill
    /// The same with operations that are due tomorrow.
    case fillDelayed
    /// Opens a store, works with so many operations, and tells what that took.
    case open
    /// Enqueues so many operations with `producers` producers, and nothing else: for `Tools/Benchmarks/profile`.
    case enqueue
    /// Delivers so many operations of a store that was filled, and nothing else: for the same.
    case deliver
    /// The rung `task-records-64` with so many operations, and nothing else: for the same.
    case taskRecords
    /// The floor: adds so many, as many in a commit as there are `producers`, at most 64, and nothing else: for the same.
    case floor
    /// Serves the agent's HTTP interface on a fresh store.
    case agent
  }

  package static let configuration = CommandConfiguration(
    commandName: "child", abstract: "A part of the benchmark that is measured as a process of its own.",
    shouldDisplay: false)

  @Argument var work: Work
  @Argument var engine: String
  @Argument var folder: String
  @Option var count = 0
  @Option var payload = 256
  @Option var producers = 64

  package init() {}

  package func run() async throws {
    Self.heedSignals()
    guard let engine = BenchmarkEngine(rawValue: engine) else { throw ValidationError("no engine \(engine)") }
    switch work {
    case .fill, .fillDelayed: try await fill(engine)
    case .open: try await open(engine)
    case .enqueue, .deliver: try await work(engine)
    case .taskRecords: try await records(engine)
    case .floor: try addToFloor(engine)
    case .agent: try await ServedAgent.run(engine, folder: folder)
    }
  }

  /// The parent ignores or blocks signals that are to end this process, and a child begins with what its parent has.
  private static func heedSignals() {
    for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
    var none = sigset_t()
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, nil)
  }

  private var bytes: [UInt8] { BenchmarkSettings().payload(payload) }

  private func fill(_ engine: BenchmarkEngine) async throws {
    let clock = ContinuousClock()
    let began = clock.now
    let store = try await engine.store(in: folder, durability: .none)
    let queue = try await SyncQueue.open(store: store, configuration: .bench)
    let due = work == .fillDelayed ? SystemTimeSource().now.advanced(by: .seconds(86_400)) : nil
    let payload = bytes
    for start in stride(from: 0, to: count, by: 1_000) {
      _ = try await queue.enqueue(
        (start..<min(count, start + 1_000)).map { _ in NewOperation(kind: "bench", payload: payload, notBefore: due) })
    }
    let memory = try MemoryReading.current()
    try await store.close()
    try tell(
      ChildReport(
        seconds: began.duration(to: clock.now) / .seconds(1), processorSeconds: Meter.processorSeconds, memory: memory))
  }

  private func open(_ engine: BenchmarkEngine) async throws {
    let clock = ContinuousClock()
    let (began, used) = (clock.now, Meter.processorSeconds)
    let store = try await engine.store(in: folder)
    let queue = try await SyncQueue.open(store: store, configuration: .bench)
    _ = try await queue.status()
    var report = ChildReport(
      seconds: began.duration(to: clock.now) / .seconds(1), processorSeconds: Meter.processorSeconds - used,
      memory: try MemoryReading.current())
    if count > 0 {
      try await Load.enqueue(count, payload: bytes, to: queue, times: LatencyLog.make(64, operationCount: count))
      _ = try await Load.deliver(count, from: queue)
      report.memoryAtWork = try MemoryReading.current()
    }
    try await store.close()
    try tell(report)
  }

  private func work(_ engine: BenchmarkEngine) async throws {
    guard producers > 0 else { throw ValidationError("--producers: \(producers) is not a positive number") }
    let clock = ContinuousClock()
    let (began, used) = (clock.now, Meter.processorSeconds)
    let store = try await engine.store(in: folder)
    let queue = try await SyncQueue.open(store: store, configuration: .bench)
    if work == .deliver {
      _ = try await Load.deliver(count, from: queue)
    } else {
      try await Load.enqueue(count, payload: bytes, to: queue, times: LatencyLog.make(producers, operationCount: count))
    }
    let report = ChildReport(
      seconds: began.duration(to: clock.now) / .seconds(1), processorSeconds: Meter.processorSeconds - used,
      memory: try MemoryReading.current())
    try await store.close()
    try tell(report)
  }

  private func records(_ engine: BenchmarkEngine) async throws {
    let groups = (0..<count / 64).map { OperationRecords(from: $0 * 64, 64, payload: bytes) }
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let records = TaskRecords(try engine.recordsFloor(in: folder), groups)
    let clock = ContinuousClock()
    let (began, used) = (clock.now, Meter.processorSeconds)
    try await records.add()
    try tell(
      ChildReport(
        seconds: began.duration(to: clock.now) / .seconds(1), processorSeconds: Meter.processorSeconds - used,
        memory: try MemoryReading.current()))
  }

  private func addToFloor(_ engine: BenchmarkEngine) throws {
    guard producers > 0 else { throw ValidationError("--producers: \(producers) is not a positive number") }
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let floor = try engine.floor(in: folder, payload: bytes)
    let clock = ContinuousClock()
    let (began, used) = (clock.now, Meter.processorSeconds)
    let batch = min(64, producers)
    for start in stride(from: 0, to: count, by: batch) { try floor.add(min(batch, count - start)) }
    try tell(
      ChildReport(
        seconds: began.duration(to: clock.now) / .seconds(1), processorSeconds: Meter.processorSeconds - used,
        memory: try MemoryReading.current()))
  }

  private func tell(_ report: ChildReport) throws {
    print(String(decoding: try JSONEncoder().encode(report), as: UTF8.self))
  }
}

extension QueueConfiguration {
  /// Without limits on what is stored, and 64 deliveries at once.
  static var bench: QueueConfiguration {
    var configuration = QueueConfiguration()
    configuration.operationsMaximum = .max
    configuration.bytesMaximum = .max
    configuration.concurrency = 64
    return configuration
  }
}
