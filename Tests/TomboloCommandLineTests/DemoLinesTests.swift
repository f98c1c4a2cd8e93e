import Synchronization
import Testing

@testable import TomboloProgram

@Suite("The demo line by line")
struct DemoLinesTests {
  /// What was written, in the order it was.
  private final class Sink: Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
    func add(_ line: String) { lines.withLock { $0.append(line) } }
  }

  @Test("tells every note once, and its progress now and then, without escape codes")
  func notesAndProgress() throws {
    let sink = Sink()
    var display = DemoLines { sink.add($0) }
    var state = DemoState()
    state.notes = [DemoState.Note(elapsed: .milliseconds(100), text: "Operations flow.")]
    try display.show(state)
    try display.show(state)
    state.elapsed = .milliseconds(2_100)
    state.depth = DemoState.Depth(pending: 3, blocked: 1)
    (state.enqueuedCount, state.deliveredCount) = (9, 5)
    state.network = DemoState.Network(condition: "limited", isOnline: false, age: .zero, reason: "refused")
    try display.show(state)
    state.elapsed = .milliseconds(3_900)
    try display.show(state)
    #expect(
      sink.all == ["   0.1 s  Operations flow.\n", "   2.1 s  limited; 3 pending, 1 blocked; 5 of 9 delivered\n"])
  }

  @Test("a reader that has gone away ends it")
  func brokenPipe() {
    var display = DemoLines { _ in throw DemoError("gone") }
    var state = DemoState()
    state.notes = [DemoState.Note(elapsed: .zero, text: "Operations flow.")]
    #expect(throws: DemoError("gone")) { try display.show(state) }
  }
}
