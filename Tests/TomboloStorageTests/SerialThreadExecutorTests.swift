import Testing
import TomboloStorage

@Suite("SerialThreadExecutor")
struct SerialThreadExecutorTests {
  /// Counts without any protection but its executor.
  private actor Counter {
    private let executor: SerialThreadExecutor
    private var count = 0

    init(_ executor: SerialThreadExecutor) { self.executor = executor }

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    func increment() -> Int {
      executor.preconditionIsolated()
      count += 1
      return count
    }
  }

  @Test("Jobs from many tasks run one at a time, and none is lost")
  func serial() async throws {
    let counter = Counter(try SerialThreadExecutor(name: "counter"))
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask { for _ in 0..<500 { _ = await counter.increment() } }
      }
    }
    #expect(await counter.increment() == 4_001)
  }

  @Test("Two actors may share one thread")
  func shared() async throws {
    let executor = try SerialThreadExecutor(name: "shared")
    let first = Counter(executor)
    let second = Counter(executor)
    #expect(await first.increment() == 1)
    #expect(await second.increment() == 1)
    #expect(await first.increment() == 2)
  }

  @Test("Executors come and go without waiting for one another")
  func comeAndGo() async throws {
    for _ in 0..<200 {
      #expect(await Counter(try SerialThreadExecutor(name: "short-lived")).increment() == 1)
    }
  }
}
