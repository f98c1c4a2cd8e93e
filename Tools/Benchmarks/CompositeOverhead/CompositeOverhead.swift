import Foundation
import Logging
import PreferencesExample
import TomboloNetwork
import TomboloOffline
import TomboloPorts

/// What a composite adds to a plain service, for each storage engine: `composite-overhead [FOLDER]`, with the stores in the folder.
///
/// The time added to a call is what it took without what the plain service took for it, and without what the engine took to
/// commit: the flush, which nobody who stores durably is spared. Calls come one after another, each about another user.
@main
struct CompositeOverhead {
  private static let callCount = 2_000
  /// Calls before those that count.
  private static let warmUpCount = 200

  static func main() async throws {
    let parent = CommandLine.arguments.dropFirst().first ?? FileManager.default.temporaryDirectory.path
    let folder = URL(filePath: parent).appending(path: "composite-overhead-\(UUID().uuidString)")
    print("| engine | call | all of it | of that commits | added, median | added, p99 |")
    print("|---|---|---|---|---|---|")
    let result: Result<Void, any Error>
    do {
      for engine in Engine.allCases {
        let store = try await engine.open(folder.appending(path: engine.rawValue).path)
        try await measure(engine, store)
        try await store.close()
      }
      result = .success(())
    } catch { result = .failure(error) }
    // With `memory` alone there is none.
    if FileManager.default.fileExists(atPath: folder.path) { try FileManager.default.removeItem(at: folder) }
    try result.get()
  }

  private static func measure(_ engine: Engine, _ store: any KeyValueStore) async throws {
    var logger = Logger(label: "overhead")
    logger.logLevel = .error
    let (commits, calls) = (Stopwatch(), Stopwatch())
    let server = TimedServer(base: InMemoryPreferencesServer(), watch: calls)
    let monitor = NetworkMonitor(logger: logger)
    let offline = try await OfflineStore.open(store: TimedStore(base: store, watch: commits), logger: logger)
    let composite = UserPreferencesFactory(store: offline, server: server, network: monitor).make()

    func series(_ name: String, _ call: (_ user: String) async throws -> Void) async throws {
      var series = Series()
      for number in 0..<(warmUpCount + callCount) {
        let (before, beforeCalls, beforeCommits) = (ContinuousClock().now, calls.total, commits.total)
        try await call("\(number)")
        let all = before.duration(to: ContinuousClock().now)
        guard number >= warmUpCount else { continue }
        series.add(all: all, commits: commits.total - beforeCommits, service: calls.total - beforeCalls)
      }
      print("| \(engine.rawValue) | \(name) | \(series.row) |")
    }
    monitor.setOverride(.online)
    try await series("online, write") { try await composite.setPreferredCurrency("EUR", of: $0) }
    try await series("online, read") { _ = try await composite.preferences(of: $0) }
    monitor.setOverride(.offline)
    try await series("offline, write") { try await composite.setPreferredCurrency("BTC", of: $0) }
    try await series("offline, read, an edit pending") { _ = try await composite.preferences(of: $0) }
  }
}
