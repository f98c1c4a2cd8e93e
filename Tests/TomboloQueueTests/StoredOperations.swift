import TomboloPorts
import TomboloTesting

@testable import TomboloQueue

extension QueueLayout {
  /// What stays of a queue that has nothing left to do.
  static let ofAnEmptyQueue = [formerCounts, counts]

  /// Whether there is an operation at `key`.
  static func isOfOperation(_ key: Key) -> Bool { operations.contains(key) || single.contains(key) }
}

extension SimulatedDisk {
  func hasOperation(_ id: OperationID) -> Bool {
    record(QueueLayout.operation(id)) != nil || record(QueueLayout.single(id)) != nil
  }
}

extension Batch {
  /// Whether the record of an operation that is its own entry in the ready index becomes two.
  func parts(_ id: OperationID) -> Bool {
    mutations.contains { !$0.isDelete && $0.key == QueueLayout.operation(id) }
      && mutations.contains { $0.isDelete && $0.key == QueueLayout.single(id) }
  }
}

extension Mutation {
  var isDelete: Bool {
    if case .delete = self { true } else { false }
  }
}
