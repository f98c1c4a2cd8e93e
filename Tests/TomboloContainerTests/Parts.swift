import Synchronization
import TomboloContainer

enum Primary: DependencyName {}
enum Replica: DependencyName {}

struct Clock: Sendable {}
struct Database: Sendable, Equatable { var name = "main" }
struct Queue: Sendable { var database: Database }
struct Agent: Sendable {
  var queue: Queue
  var clock: Clock
}
struct Failure: Error, Equatable { var text: String }

/// What happened, in order.
final class Journal: Sendable {
  private let lines = Mutex<[String]>([])

  var entries: [String] { lines.withLock { $0 } }

  func note(_ line: String) { lines.withLock { $0.append(line) } }
}

/// Counts, from any task.
final class Counter: Sendable {
  private let count = Mutex(0)

  var value: Int { count.withLock { $0 } }

  /// Counts one more and answers with the new value.
  func increment() -> Int {
    count.withLock { count in
      count += 1
      return count
    }
  }
}

/// Stays shut until it is opened; whoever waits is let go when cancelled.
final class Gate: Sendable {
  private let stream: AsyncStream<Void>
  private let continuation: AsyncStream<Void>.Continuation

  init() { (stream, continuation) = AsyncStream.makeStream() }

  func open() { continuation.finish() }

  func pass() async throws {
    for await _ in stream {}
    try Task.checkCancellation()
  }
}

func buildProblems(_ configure: (inout ContainerBuilder) -> Void) -> [ContainerProblem] {
  var builder = ContainerBuilder()
  configure(&builder)
  do {
    _ = try builder.build()
    return []
  } catch {
    return error.problems
  }
}
