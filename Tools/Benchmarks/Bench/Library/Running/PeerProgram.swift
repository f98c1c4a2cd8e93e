import Foundation

/// A program that measures others with the same payload on the same disk, such as `Tools/Benchmarks/Peers/compare`.
struct PeerProgram {
  /// One row of what it prints as JSON.
  struct Row: Codable {
    var peer: String
    /// Operations a second, of each round.
    var rates: [Double]
    /// Of server and clients, the median of the rounds.
    var processorMicroseconds: Double
  }

  /// Which peer the goal of 64 producers is about.
  static let redis = "redis"

  private let path: String
  private let settings: BenchmarkSettings

  init?(_ settings: BenchmarkSettings) {
    guard let path = settings.peerProgram else { return nil }
    self.path = path
    self.settings = settings
  }

  /// All but Redis, which has its turns in our rounds (`RivalRounds`); empty when no peer knows the scenario.
  func others(_ scenario: BenchmarkScenario) async throws -> [BenchmarkResult] {
    guard let name = scenario.peerScenario else { return [] }
    return try await rows(name, ["--without", Self.redis, "--rounds", "\(settings.roundCount)"]).map { row in
      BenchmarkResult(
        scenario: name, engine: row.peer, rate: Meter.median(row.rates),
        processorMicroseconds: row.processorMicroseconds)
    }
  }

  /// What the program prints for one scenario.
  func rows(_ scenario: String, _ arguments: [String]) async throws -> [Row] {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(filePath: path)
    process.arguments =
      ["--json", "--scenarios", scenario] + arguments + [
        "--scale", "\(settings.scale)", "--payload", "\(settings.payloadByteCount)",
        "--folder", URL(filePath: settings.folder).path,
      ]
    process.standardOutput = output
    let (exit, continuation) = AsyncStream<Int32>.makeStream()
    process.terminationHandler = { process in
      continuation.yield(process.terminationStatus)
      continuation.finish()
    }
    let trace = try Leftovers.shared.start(process)
    defer { Leftovers.shared.forget(trace) }
    let printed = try output.fileHandleForReading.readToEnd() ?? Data()
    for await status in exit where status != 0 {
      throw BenchmarkError("\(path) ended with status \(status)")
    }
    return try JSONDecoder().decode([Row].self, from: printed)
  }
}
