import Testing

@testable import TomboloProgram

@Suite("The demo's picture")
struct DemoFrameTests {
  /// The middle of the outage, with more to tell than fits anywhere.
  private static var state: DemoState {
    var state = DemoState()
    state.elapsed = .milliseconds(12_340)
    state.phase = .outage
    state.network = DemoState.Network(
      condition: "limited", isOnline: false, age: .seconds(3), reason: "connection refused by 127.0.0.1:9000")
    state.depth = DemoState.Depth(pending: 31, delivering: 0, retrying: 2, blocked: 40, deadLettered: 1)
    (state.enqueuedCount, state.deliveredCount) = (111, 37)
    for number in 1...60 {
      state.notes.append(DemoState.Note(elapsed: .seconds(number), text: "note \(number)"))
      state.add(DemoState.Event(verb: DemoVerb.accepted, operation: .numbered(number), detail: "event \(number)"))
    }
    return state
  }

  private static func texts(width: Int, height: Int) -> [String] {
    DemoFrame.lines(state, width: width, height: height).map(\.text)
  }

  @Test("fits into any terminal", arguments: [20, 40, 79, 80, 119, 300], [1, 6, 7, 9, 11, 23, 24, 39, 100])
  func fits(width: Int, height: Int) {
    let lines = Self.texts(width: width, height: height)
    #expect(lines.count <= height)
    #expect(lines.allSatisfy { $0.count <= width })
  }

  @Test("uses all of a usual terminal")
  func fills() {
    #expect(Self.texts(width: 79, height: 23).count == 23)
  }

  @Test("says the time, the phase, the network with its reason, the depth and the progress")
  func head() {
    let lines = Self.texts(width: 80, height: 23)
    #expect(lines[0].hasPrefix("Tombolo") && lines[0].hasSuffix("12.3 s") && lines[0].count == 80)
    #expect(lines[2] == "Phase     2 of 6  The upstream is gone: operations are still accepted")
    #expect(lines[3] == "Network   limited for 3.0 s: connection refused by 127.0.0.1:9000")
    #expect(lines[4] == "Queue     pending 31    delivering 0    retrying 2    blocked 40    dead 1")
    let (done, open) = (String(repeating: "#", count: 16), String(repeating: ".", count: 32))
    #expect(lines[5] == "Progress  [\(done)\(open)] 37 of 111 delivered")
  }

  @Test("shows the newest of what happened, oldest first, in both sections")
  func newest() {
    let lines = Self.texts(width: 80, height: 23)
    #expect(lines.last?.hasSuffix("event 60") == true)
    #expect(lines.dropLast().last?.hasSuffix("event 59") == true)
    #expect(lines.contains { $0.hasSuffix("note 60") })
    #expect(!lines.contains { $0.hasSuffix("note 1") })
  }

  @Test("says that there is no process while there is none")
  func noProcess() {
    var state = Self.state
    state.network = nil
    #expect(DemoFrame.lines(state, width: 80, height: 23)[3].text == "Network   the process is not running")
  }

  @Test("an event reads as words in columns")
  func event() {
    var state = DemoState()
    let operation = DemoOperation(kind: "payments.capture", priority: "critical", orderingKey: "user/3")
    state.add(DemoState.Event(verb: DemoVerb.delivered, operation: operation, detail: "attempt 1"))
    let line = DemoFrame.lines(state, width: 80, height: 23).last
    #expect(line?.text == "  delivered     critical   payments.capture user/3    attempt 1")
    #expect(line?.tone == .good)
  }
}
