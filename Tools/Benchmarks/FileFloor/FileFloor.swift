import FileStorage
import Foundation
import TomboloPorts
import TomboloStorage

/// Measures `FileStore` against the floor in one run, round by round so that a busy moment hits both, and what it keeps in
/// memory, takes to open, and pauses for.
///
///     swift run -c release file-floor [FOLDER] [floor | scale]
@main
enum FileFloor {
  static let payload = [UInt8](repeating: 0x5A, count: 256)
  static let clock = ContinuousClock()

  static func main() async throws {
    let arguments = CommandLine.arguments
    let parent = arguments.count > 1 ? arguments[1] : FileManager.default.temporaryDirectory.path
    let folder = "\(parent)/file-floor-\(ProcessInfo.processInfo.processIdentifier)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let what = arguments.count > 2 ? arguments[2] : "floor"
    do {
      if what == "floor" {
        try await compare(folder, producerCount: 1, perRound: 4_000)
        try await compare(folder, producerCount: 64, perRound: 100_000)
      } else {
        try await Scale.measure(folder)
      }
      try FileManager.default.removeItem(atPath: folder)
    } catch {
      try FileManager.default.removeItem(atPath: folder)
      throw error
    }
  }

  private static func compare(_ folder: String, producerCount: Int, perRound: Int) async throws {
    var appends: [Double] = []
    var floors: [Double] = []
    var rates: [Double] = []
    for round in 0..<5 {
      for (roomByteCount, name) in [(0, "append"), (1_024 * 1_024, "room")] {
        let floor = try FloorJournal(path: "\(folder)/\(name)-\(producerCount)-\(round)", roomByteCount: roomByteCount)
        let rate = try rate(perRound) {
          for _ in 0..<perRound / producerCount { try floor.append(payload, count: producerCount) }
        }
        if roomByteCount == 0 { appends.append(rate) } else { floors.append(rate) }
      }
      let store = try await FileStore(path: "\(folder)/store-\(producerCount)-\(round)")
      let door = GroupCommit(store)
      let start = clock.now
      try await withThrowingTaskGroup(of: Void.self) { group in
        for producer in 0..<producerCount {
          group.addTask {
            for number in 0..<perRound / producerCount {
              var batch = Batch()
              batch.put(Key("\(producer)/\(number)"), payload)
              _ = try await door.commit(batch)
            }
          }
        }
        try await group.waitForAll()
      }
      rates.append(Double(perRound) / seconds(clock.now - start))
      try await store.close()
    }
    let floor = median(floors)
    let rate = median(rates)
    print(
      "\(producerCount) producers: plain append \(Int(median(appends)))/s, with room made ahead \(Int(floor))/s, file "
        + "\(Int(rate))/s: \(format(rate / median(appends))) and \(format(rate / floor)) of these "
        + "(the latter by round: \(zip(rates, floors).map { format($0 / $1) }.joined(separator: " ")))")
  }

  private static func rate(_ count: Int, _ body: () throws -> Void) rethrows -> Double {
    let start = clock.now
    try body()
    return Double(count) / seconds(clock.now - start)
  }

  static func seconds(_ duration: Duration) -> Double {
    Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
  }

  static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

  static func format(_ value: Double) -> String { "\(Double(Int(value * 100)) / 100)" }
}
