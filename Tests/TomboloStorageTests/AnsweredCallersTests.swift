import Synchronization
import Testing

@testable import TomboloStorage

@Suite("AnsweredCallers", .timeLimit(.minutes(10)))
struct AnsweredCallersTests {
  /// How often each was woken.
  private final class Wakes: Sendable {
    private let counts: Mutex<[Int]>

    init(_ count: Int) { counts = Mutex(Array(repeating: 0, count: count)) }

    var all: [Int] { counts.withLock { $0 } }

    func note(_ place: Int) { counts.withLock { $0[place] += 1 } }
  }

  @Test(
    "Of several who wake the same callers none wakes one again, and one completes it", arguments: [1, 2, 5, 8, 62, 70])
  func several(count: Int) async {
    for _ in 0..<100 {
      let wakes = Wakes(count)
      let answered = AnsweredCallers(count: count) { wakes.note($0) }
      let completions: [[Int]] = await withTaskGroup(of: Bool.self) { group in
        for _ in 0..<3 { group.addTask { answered.wake() } }
        return await group.reduce(into: []) { if $1 { $0.append(wakes.all) } }
      }
      #expect(completions == [Array(repeating: 1, count: count)])
      #expect(!answered.wake())
    }
  }

  @Test("Who takes the last of them does not complete it while another one still wakes some", arguments: [5, 8, 62])
  func notBeforeAll(count: Int) {
    let wakes = Wakes(count)
    let inner = Mutex<[Bool]>([])
    let answered = Mutex<AnsweredCallers?>(nil)
    let both = AnsweredCallers(count: count) { place in
      // As of another thread that comes while this one is about to wake the first.
      if place == 0, let answered = answered.withLock({ $0 }) {
        let isCompleted = answered.wake()
        inner.withLock { $0.append(isCompleted) }
      }
      wakes.note(place)
    }
    answered.withLock { $0 = both }
    #expect(both.wake())
    #expect(inner.withLock { $0 } == [false])
    #expect(wakes.all == Array(repeating: 1, count: count))
    answered.withLock { $0 = nil }
  }
}
