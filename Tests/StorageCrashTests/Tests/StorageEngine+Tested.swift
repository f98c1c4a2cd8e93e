import Foundation

@testable import storage_load

extension StorageEngine {
  /// The engines to test: all, or the one that `TOMBOLO_ENGINE` names, to run the nightly tests of several side by side.
  static var tested: [StorageEngine] {
    let name = ProcessInfo.processInfo.environment["TOMBOLO_ENGINE"]
    return allCases.filter { name == nil || name == $0.rawValue }
  }
}
