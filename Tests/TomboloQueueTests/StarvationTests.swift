import Synchronization
import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

@Suite("Nothing starves", .timeLimit(.minutes(10)))
struct StarvationTests {
  @Test("What was passed over often enough has its turn, however much that is urgent comes", arguments: [1, 4, 64])
  func turns(maximum: Int) async throws {
    try await withQueue(.memory, { $0.passedOverMaximum = maximum }) { test, _ in
      try await test.add("low", priority: .background)
      var order: [String] = []
      for _ in 0..<(maximum + 3) {
        try await test.add("urgent", priority: .critical)
        try await test.add("urgent", priority: .critical)
        let claimed = try await test.queue.claim(1)
        order += claimed.map(\.operation.kind)
        for one in claimed { try await test.queue.settle(one, .delivered(attempt: 1)) }
      }
      #expect(order.firstIndex(of: "low") == maximum)
    }
  }

  @Test("What lies beyond the entries kept in memory has its turns too, while what is urgent never runs dry")
  func beyondMemory() async throws {
    try await withQueue(.memory, { $0.passedOverMaximum = 2 }) { test, _ in
      test.queue.engine.state.withLock { state in
        state.windows[Int(OperationPriority.low.rawValue)] = ReadyWindow(capacity: 2)
      }
      for _ in 0..<6 { try await test.add("low", priority: .low) }
      var order: [String] = []
      for _ in 0..<18 {
        try await test.add("urgent", priority: .critical)
        for one in try await test.queue.claim(1) {
          order.append(one.operation.kind)
          try await test.queue.settle(one, .delivered(attempt: 1))
        }
      }
      #expect(order.count { $0 == "low" } >= 5, "\(order)")
    }
  }

  @Test("Two starving priorities both have their turns, and the urgent ones most")
  func shares() async throws {
    try await withQueue(.memory, { $0.passedOverMaximum = 8 }) { test, _ in
      for priority in [OperationPriority.critical, .low, .background] {
        for _ in 0..<100 { try await test.add(priority.name, priority: priority) }
      }
      var counts: [String: Int] = [:]
      for _ in 0..<90 {
        for one in try await test.queue.claim(1) {
          counts[one.operation.kind, default: 0] += 1
          try await test.queue.settle(one, .delivered(attempt: 1))
        }
      }
      #expect(counts == ["critical": 71, "low": 10, "background": 9] || counts["critical"] ?? 0 >= 70, "\(counts)")
      #expect(counts["low"] ?? 0 >= 8 && counts["background"] ?? 0 >= 8, "\(counts)")
    }
  }
}
