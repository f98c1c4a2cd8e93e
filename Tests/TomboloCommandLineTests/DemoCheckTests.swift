import Testing

@testable import TomboloProgram

@Suite("The demo's check")
struct DemoCheckTests {
  /// Four operations of two keys that all arrived.
  private static let good = DemoCheck(
    accepted: [
      .init(id: "a1", kind: "k", orderingKey: "a"), .init(id: "b1", kind: "k", orderingKey: "b"),
      .init(id: "a2", kind: "k", orderingKey: "a"), .init(id: "n", kind: "k", orderingKey: nil),
    ],
    received: ["b1", "n", "a1", "a2"].map { .init(id: $0, repeatCount: 0) }, deadLettered: [], waitingCount: 0)

  @Test("finds nothing when everything arrived and each key kept its order")
  func good() {
    #expect(Self.good.problems == [])
    #expect(Self.good.keyCount == 2)
  }

  @Test("finds what did not arrive")
  func missing() {
    var check = Self.good
    check.received.remove(at: 1)
    #expect(check.problems == ["1 operation did not arrive"])
  }

  @Test("finds a key whose operations arrived in another order")
  func disorder() {
    var check = Self.good
    check.received.swapAt(2, 3)
    #expect(check.problems == ["the operations of a arrived in another order"])
  }

  @Test("finds what was counted twice, and what nobody enqueued")
  func surplus() {
    var check = Self.good
    check.received += [.init(id: "n", repeatCount: 0), .init(id: "x", repeatCount: 0)]
    #expect(
      check.problems == [
        "1 operation counted twice at the upstream", "1 operation at the upstream that nobody enqueued",
      ])
  }

  @Test("accepts a dead letter of the refused kind, and of no other")
  func deadLetters() {
    var check = Self.good
    check.received.removeLast()
    check.deadLettered = ["a2"]
    #expect(check.problems == ["1 operation dead-lettered that should have been delivered"])
    check.accepted[2].kind = DemoOperation.refused.kind
    #expect(check.problems == [])
  }

  @Test("finds a dead letter that arrived after all, and what still waits")
  func contradictions() {
    var check = Self.good
    check.accepted[2].kind = DemoOperation.refused.kind
    check.deadLettered = ["a2"]
    check.waitingCount = 2
    #expect(
      check.problems == ["1 operation both dead-lettered and received", "2 operations still waiting in the queue"])
  }

  @Test("counts repeats that were recognised, and does not complain about them")
  func repeats() {
    var check = Self.good
    check.received[0].repeatCount = 2
    check.received[3].repeatCount = 1
    #expect(check.problems == [])
    #expect(check.repeatCount == 3)
  }
}
