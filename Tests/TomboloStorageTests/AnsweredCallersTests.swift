import Synchronization
import Testing
import TomboloStorage

@Suite("AnsweredCallers")
struct AnsweredCallersTests {
  @Test(
    "Of several who wake the same callers each wakes others, none twice, and one of them completes it",
    arguments: [2, 3, 5, 9, 64, 70])
  func several(count: Int) async {
    for _ in 0..<20 {
      let woken = await Self.woken(count: count) { answered in
        await withTaskGroup(of: Bool.self) { group in
          for _ in 0..<3 { group.addTask { answered.wake() } }
          var completions = 0
          for await isCompleted in group where isCompleted { completions += 1 }
          #expect(completions == 1)
        }
      }
      // Who is resumed twice stops the program.
      #expect(woken == count)
    }
  }

  @Test("Who comes when all are woken completes nothing")
  func late() async {
    let woken = await Self.woken(count: 9) { answered in
      #expect(answered.wake())
      #expect(!answered.wake())
      #expect(!answered.wake())
    }
    #expect(woken == 9)
  }

  /// How many of `count` callers went on, the first of whom is woken before `wake`.
  private static func woken(count: Int, _ wake: @escaping @Sendable (AnsweredCallers) async -> Void) async -> Int {
    let seats = Seats()
    let (places, place) = AsyncStream<Void>.makeStream()
    return await withTaskGroup(of: Int.self) { group in
      for _ in 0..<count {
        group.addTask {
          await withUnsafeContinuation { continuation in
            if seats.take(continuation) == count { place.finish() }
          }
          return 1
        }
      }
      for await _ in places {}
      let callers = seats.all
      callers[0].resume()
      await wake(AnsweredCallers(callers))
      return await group.reduce(0, +)
    }
  }

  private final class Seats: Sendable {
    private let taken = Mutex<[UnsafeContinuation<Void, Never>]>([])

    var all: [UnsafeContinuation<Void, Never>] { taken.withLock { $0 } }

    /// Answers with how many are taken.
    func take(_ seat: UnsafeContinuation<Void, Never>) -> Int {
      taken.withLock { taken in
        taken.append(seat)
        return taken.count
      }
    }
  }
}
