import Foundation
import Testing
import TomboloPorts
import TomboloQueue

@Suite("Two devices behind links that break, the server in a process of its own", .serialized, .timeLimit(.minutes(20)))
struct PartitionTests {
  enum Resolver: String, CaseIterable {
    case timestamp, localWins, remoteWins, manual, threeWayLocal, threeWayRemote, threeWayPark

    var resolver: any ConflictResolver {
      switch self {
      case .timestamp: TimestampConflictResolver()
      case .localWins: LocalWinsConflictResolver()
      case .remoteWins: RemoteWinsConflictResolver()
      case .manual: ManualConflictResolver()
      case .threeWayLocal: ThreeWayMergeConflictResolver(onContradiction: .local)
      case .threeWayRemote: ThreeWayMergeConflictResolver(onContradiction: .remote)
      case .threeWayPark: ThreeWayMergeConflictResolver(onContradiction: .park)
      }
    }

    /// A merge has something to do where an edit says what several fields are to be.
    var merges: Bool { rawValue.hasPrefix("threeWay") }
  }

  /// Two for each resolver; 25 at night.
  static let seeds: ClosedRange<UInt64> = 1...(ProcessInfo.processInfo.environment["TOMBOLO_NIGHTLY"] == nil ? 2 : 25)

  @Test(
    "agree when the last partition has healed; every edit has an outcome, and each device's arrived in their order",
    arguments: Resolver.allCases, seeds)
  func converge(_ resolver: Resolver, _ seed: UInt64) async throws {
    try await PreferencesScene.with { scene in
      try await PartitionedDevices(scene, seed: seed, resolver: resolver.resolver, writesAll: resolver.merges).run()
    }
  }
}
