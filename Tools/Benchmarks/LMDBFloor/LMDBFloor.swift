import Foundation
import LMDBStorage
import TomboloPorts

/// How near `LMDBStore` comes to LMDB itself: the same puts, with the same flushes, in the same run.
///
///     swift run -c release lmdb-floor [FOLDER]
///
/// Each round measures both, one after the other, and the ratio is the median of the rounds', so that a busy machine meets both.
@main
struct LMDBFloor {
  private static let roundCount = 5
  static let payload = [UInt8](repeating: 0x5A, count: 256)

  static func main() async throws {
    let folder = CommandLine.arguments.dropFirst().first ?? FileManager.default.temporaryDirectory.path
    for durability in [StoreDurability.full, .none] {
      for batchCount in [1, 64] {
        let commitCount = (durability == .full ? 1_000 : 20_000) / (batchCount == 1 ? 1 : 4)
        try await compare(in: folder, durability, commitCount: commitCount, batchCount: batchCount)
      }
    }
  }

  private static func compare(
    in folder: String, _ durability: StoreDurability, commitCount: Int, batchCount: Int
  ) async throws {
    var rounds: [(raw: Double, store: Double)] = []
    for round in 0..<roundCount {
      let path = "\(folder)/lmdb-floor-\(UUID().uuidString)"
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      defer { do { try FileManager.default.removeItem(atPath: path) } catch { print("\(path) is left: \(error)") } }
      func raw() throws -> Double {
        let database = try RawDatabase(path: "\(path)/raw.lmdb", isSynchronous: durability == .full)
        return try rate(commitCount, batchCount) { number in try database.put(number, count: batchCount) }
      }
      func store() async throws -> Double {
        let store = try await LMDBStore(path: "\(path)/store", durability: durability)
        let clock = ContinuousClock()
        let start = clock.now
        for number in 0..<commitCount {
          let batches = (0..<batchCount).map { index in
            Batch(mutations: [.put(key(number * batchCount + index), payload)])
          }
          for result in try await store.commit(batches) { _ = try result.get() }
        }
        let seconds = start.duration(to: clock.now) / .seconds(1)
        try await store.close()
        return Double(commitCount * batchCount) / seconds
      }
      // In turn first, so that neither always has the warmer disk.
      if round % 2 == 0 {
        let first = try raw()
        rounds.append((first, try await store()))
      } else {
        let first = try await store()
        rounds.append((try raw(), first))
      }
    }
    func median(_ numbers: [Double]) -> Double { numbers.sorted()[numbers.count / 2] }
    let ratio = median(rounds.map { $0.store / $0.raw })
    print(
      "\(durability.rawValue), \(batchCount) a commit: LMDB \(Int(median(rounds.map(\.raw)))) a second, LMDBStore "
        + "\(Int(median(rounds.map(\.store)))), ratio \(String(format: "%.2f", ratio))")
  }

  private static func rate(_ commitCount: Int, _ batchCount: Int, _ commit: (Int) throws -> Void) rethrows -> Double {
    let clock = ContinuousClock()
    let start = clock.now
    for number in 0..<commitCount { try commit(number * batchCount) }
    return Double(commitCount * batchCount) / (start.duration(to: clock.now) / .seconds(1))
  }

  /// A key in the order of its number.
  static func key(_ number: Int) -> Key {
    Key(withUnsafeBytes(of: UInt64(number).bigEndian) { Array($0) })
  }
}
