import FileStorage
import Foundation
import LMDBStorage
import SQLiteStorage
import TomboloPorts
import TomboloQueue

/// What a large backlog costs: the processor time of an enqueue and of a delivery beside a thousand operations and beside many, the
/// memory that takes, the time to open, and the size on disk before and after draining. Opening and draining are done by a process of
/// their own, so that its memory is told apart from that of filling.
///
///     swift run -c release backlog-cost sqlite 1000000
///
/// Processor time and not time on the clock, so that a busy machine changes little; the ratios are what counts.
@main
struct BacklogCost {
  private static let small = 1_000
  private static let sampleCount = 5_000
  private static let payload = [UInt8](repeating: 0x2E, count: 256)

  static func main() async throws {
    let arguments = CommandLine.arguments.dropFirst()
    if arguments.first == "drain", arguments.count == 3 {
      return try await drain(arguments[arguments.startIndex + 1], arguments[arguments.startIndex + 2])
    }
    let engine = arguments.first ?? "sqlite"
    let count = arguments.dropFirst().first.flatMap { Int($0) } ?? 1_000_000
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("backlog-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let queue = try await open(engine, folder)
    try await fill(queue.queue, to: small)
    let few = try await sample(queue.queue)
    print("\(engine), \(small) stored: enqueue \(few.enqueue) µs, delivery \(few.delivery) µs of processor time")
    try await fill(queue.queue, to: count)
    let many = try await sample(queue.queue)
    print("\(engine), \(count) stored: enqueue \(many.enqueue) µs, delivery \(many.delivery) µs of processor time")
    print("  ratio: enqueue \(rounded(many.enqueue / few.enqueue)), delivery \(rounded(many.delivery / few.delivery))")
    print("  resident after filling: \(memory)")
    try await queue.store.close()
    print("  on disk: \(mebibytes(of: folder)) MiB")
    let other = Process()
    other.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    other.arguments = ["drain", engine, folder]
    // What is printed here comes before what is printed there.
    fflush(nil)
    try other.run()
    other.waitUntilExit()
    print("  on disk afterwards: \(mebibytes(of: folder)) MiB")
    if other.terminationStatus != 0 { exit(1) }
  }

  /// Opens what another process has filled, and delivers all of it.
  private static func drain(_ engine: String, _ folder: String) async throws {
    let clock = ContinuousClock()
    let (began, used) = (clock.now, processorSeconds)
    let queue = try await open(engine, folder)
    _ = try await queue.queue.status()
    print("  to open: \(began.duration(to: clock.now)), \(rounded(processorSeconds - used)) s of processor time")
    print("  resident once open: \(memory)")
    let (drainBegan, drainUsed) = (clock.now, processorSeconds)
    let summary = try await SyncWorker(queue: queue.queue, handler: Handler(stopAfter: .max)).drain()
    let perDelivery = (processorSeconds - drainUsed) / Double(max(1, summary.delivered)) * 1e6
    print(
      "  drained: \(summary.delivered) in \(drainBegan.duration(to: clock.now)), \(rounded(perDelivery)) µs each")
    print("  resident after draining: \(memory)")
    try await queue.store.close()
  }

  private static func open(_ engine: String, _ folder: String) async throws -> (
    store: any KeyValueStore, queue: SyncQueue
  ) {
    let store: any KeyValueStore =
      switch engine {
      case "file": try await FileStore(path: folder, durability: .normal)
      case "lmdb": try await LMDBStore(path: folder, durability: .normal)
      default: try await SQLiteStore(path: folder, durability: .normal)
      }
    var configuration = QueueConfiguration()
    configuration.operationsMaximum = .max
    configuration.bytesMaximum = .max
    configuration.concurrency = 64
    return (store, try await SyncQueue.open(store: store, configuration: configuration))
  }

  private static func fill(_ queue: SyncQueue, to count: Int) async throws {
    var stored = try await queue.status().stored
    while stored < count {
      let number = min(1_000, count - stored)
      _ = try await queue.enqueue((0..<number).map { _ in NewOperation(kind: "bench", payload: payload) })
      stored += number
    }
  }

  /// Microseconds of processor time for one enqueue, and for one claim with its settlement; the number stored stays about the same.
  private static func sample(_ queue: SyncQueue) async throws -> (enqueue: Double, delivery: Double) {
    var used = processorSeconds
    for _ in 0..<sampleCount { try await queue.enqueue(NewOperation(kind: "bench", payload: payload)) }
    let enqueue = (processorSeconds - used) / Double(sampleCount) * 1e6
    let handler = Handler(stopAfter: sampleCount)
    let worker = SyncWorker(queue: queue, handler: handler)
    handler.whenDone { worker.stop() }
    used = processorSeconds
    try await worker.run()
    let delivery = (processorSeconds - used) / Double(max(1, worker.summary.delivered)) * 1e6
    return (rounded(enqueue), rounded(delivery))
  }

  private static var processorSeconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  /// What is resident, and how much of it is pages of files, which the system takes back when it needs room.
  private static var memory: String {
    let text = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    func mebibytes(_ name: String) -> Int {
      let line = text.split(separator: "\n").first { $0.hasPrefix("\(name):") }
      return (line?.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Int($0) } ?? 0)
        / 1_024
    }
    return "\(mebibytes("RssAnon")) MiB of its own, \(mebibytes("RssFile")) MiB of files"
  }

  private static func mebibytes(of folder: String) -> Double {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    let bytes = names.reduce(0) { sum, name in
      var status = stat()
      guard stat("\(folder)/\(name)", &status) == 0 else { return sum }
      return sum + Int(status.st_blocks) * 512
    }
    return rounded(Double(bytes) / 1_048_576)
  }

  private static func rounded(_ number: Double) -> Double { (number * 100).rounded() / 100 }
}
