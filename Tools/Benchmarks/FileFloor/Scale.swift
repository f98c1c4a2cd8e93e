import FileStorage
import Foundation
import TomboloPorts

/// What a million records cost: memory, opening, and the longest pause while room is given back.
enum Scale {
  static let recordCount = 1_000_000

  static func measure(_ folder: String) async throws {
    let path = "\(folder)/store"
    let before = residentByteCount()
    var store = try await FileStore(path: path, durability: .none)
    for start in stride(from: 0, to: recordCount, by: 1_000) {
      var batch = Batch()
      for number in start..<start + 1_000 { batch.put(key(number), FileFloor.payload) }
      _ = try await store.commit([batch])
    }
    let after = residentByteCount()
    print("memory: \((after - before) / recordCount) bytes a record (keys of \(key(0).bytes.count), values of 256)")
    try await store.close()

    let start = FileFloor.clock.now
    store = try await FileStore(path: path)
    print("opening \(recordCount) records: \(FileFloor.format(FileFloor.seconds(FileFloor.clock.now - start))) s")

    let quiet = try await latencies(of: store, count: 5_000) { batch, number in
      batch.put(key(recordCount + number), FileFloor.payload)
    }
    tell("commits, nothing to clean", quiet)
    // Two of three records go, so that from some point on every commit copies.
    var deletes = Batch()
    for number in 0..<recordCount where number % 3 != 0 {
      deletes.delete(key(number))
      if deletes.mutations.count == 5_000 {
        _ = try await store.commit([deletes])
        deletes = Batch()
      }
    }
    let busy = try await latencies(of: store, count: 2_000) { batch, number in
      batch.put(key(2 * recordCount + number), FileFloor.payload)
    }
    tell("commits, with cleaning beside them", busy)
    let closing = FileFloor.clock.now
    try await store.close()
    print("closing, cleaning included: \(FileFloor.format(FileFloor.seconds(FileFloor.clock.now - closing))) s")
  }

  private static func key(_ number: Int) -> Key { Key("operation/\(10_000_000 + number)") }

  private static func latencies(
    of store: FileStore, count: Int, _ fill: (inout Batch, Int) -> Void
  ) async throws -> [Double] {
    var latencies: [Double] = []
    for number in 0..<count {
      var batch = Batch()
      fill(&batch, number)
      let start = FileFloor.clock.now
      _ = try await store.commit([batch])
      latencies.append(FileFloor.seconds(FileFloor.clock.now - start) * 1_000)
    }
    return latencies.sorted()
  }

  private static func tell(_ name: String, _ sorted: [Double]) {
    let median = FileFloor.format(sorted[sorted.count / 2])
    let high = FileFloor.format(sorted[sorted.count * 99 / 100])
    print("\(name): median \(median) ms, 99 % \(high) ms, longest \(FileFloor.format(sorted[sorted.count - 1])) ms")
  }

  /// What the process has in memory, in bytes; 0 where the system does not tell.
  private static func residentByteCount() -> Int {
    let fields = FileManager.default.contents(atPath: "/proc/self/statm").map { String(decoding: $0, as: UTF8.self) }
    let pages = fields?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    return pages * 4_096
  }
}
