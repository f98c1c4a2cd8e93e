import Testing
import TomboloPorts
import TomboloQueue
import TomboloStorage
import TomboloTesting

@Suite("Hybrid logical clock", .timeLimit(.minutes(10)))
struct HybridLogicalClockTests {
  private static func at(_ milliseconds: Int64) -> Timestamp { Timestamp(millisecondsSinceEpoch: milliseconds) }
  private static func stamp(_ milliseconds: Int64, _ counter: UInt32 = 0, _ node: String = "a") -> HybridTimestamp {
    HybridTimestamp(time: at(milliseconds), counter: counter, node: node)
  }

  @Test("Each stamp is later than the one before, also when the wall clock stands still or goes back")
  func monotonic() {
    let clock = HybridLogicalClock(node: "a")
    let stamps = [1_000, 1_000, 400, 1_001, 1_001].map { clock.next(at: Self.at($0)) }
    #expect(
      stamps == [
        Self.stamp(1_000), Self.stamp(1_000, 1), Self.stamp(1_000, 2), Self.stamp(1_001), Self.stamp(1_001, 1),
      ])
  }

  @Test("What was seen of another device is earlier than what is written here afterwards, however slow this clock is")
  func slowClock() {
    let clock = HybridLogicalClock(node: "slow")
    let seen = Self.stamp(200_000, 7, "other")
    #expect(clock.observe(seen, at: Self.at(1_000)))
    #expect(clock.next(at: Self.at(1_001)) > seen)
  }

  @Test("A stamp of a clock too far ahead moves nothing")
  func farAhead() {
    let clock = HybridLogicalClock(node: "a", skewMaximum: .seconds(300))
    #expect(clock.observe(Self.stamp(300_000, 0, "b"), at: Self.at(0)))
    #expect(!clock.observe(Self.stamp(300_001, 0, "b"), at: Self.at(0)))
    #expect(clock.last == Self.stamp(300_000, 0, "b"))
  }

  @Test("A clock that continues another one and that other never give the same stamp, nor a lower one")
  func continuing() {
    let first = HybridLogicalClock(node: "a")
    let second = HybridLogicalClock(node: "b", continuing: first)
    let stamps = [first, second, second, first].map { $0.next(at: Self.at(7)) }
    #expect(
      stamps == [Self.stamp(7, 0, "a"), Self.stamp(7, 1, "b"), Self.stamp(7, 2, "b"), Self.stamp(7, 3, "a")])
  }

  @Test("A counter that is used up goes on with the next millisecond")
  func overflow() {
    let clock = HybridLogicalClock(node: "a", last: Self.stamp(5, .max))
    #expect(clock.next(at: Self.at(1)) == Self.stamp(6))
  }

  @Test("Stamps are ordered by time, counter and name, the same on every device")
  func order() {
    let sorted = [Self.stamp(1, 0, "b"), Self.stamp(1, 1, "a"), Self.stamp(1, 1, "b"), Self.stamp(2, 0, "")]
    #expect(sorted.shuffled().sorted() == sorted)
  }

  @Test(
    "The text form is read back, and other text is not",
    arguments: ["", "1", "1-2", "x-0-a", "1--a", "-1-0-a", "1-4294967296-a"])
  func text(bad: String) {
    #expect(HybridTimestamp(bad) == nil)
    for stamp in [Self.stamp(0), Self.stamp(1_790_000_000_000, .max, "my-phone-7")] {
      #expect(HybridTimestamp(stamp.description) == stamp)
    }
  }

  @Test(
    "A version from the future of this device's clock wins nothing, on either side",
    arguments: [0, 301_000] as [Int64], [0, 301_000] as [Int64])
  func future(here: Int64, there: Int64) {
    let time = ManualTimeSource(now: Self.at(1_000))
    let operation = SyncOperation(id: OperationID(high: 1, low: 1), kind: "k", enqueuedAt: Self.at(1_000 + here))
    let remote = RemoteVersion(modifiedAt: Self.at(999 + there), detail: "412")
    let result = TimestampConflictResolver(time: time).resolve(operation, against: remote)
    if case .park(let reason) = result {
      #expect(here + there > 0 && reason.contains("in the future"))
    } else {
      #expect(here + there == 0 && result == .applyLocal)
    }
  }

  @Test("A queue with a clock stamps what it stores, and a conflicting version moves the clock on")
  func queue() async throws {
    let clock = HybridLogicalClock(node: "phone")
    let test = try await TestQueue.open(InMemoryStore()) { $0.versionClock = clock }
    let there = HybridTimestamp(time: test.time.now.advanced(by: .seconds(60)), counter: 3, node: "desk")
    test.handler.setAnswer { operation, attempt in
      #expect(operation.written.node == "phone")
      return attempt.replacing == nil
        ? .conflict(RemoteVersion(written: there, payload: [2], detail: "412")) : .delivered
    }
    try await test.add()
    #expect(try await test.worker.drain().discarded == 1)
    // Written after that version was seen, on a clock that is a minute behind: it is the later one.
    try await test.add()
    #expect(try await test.worker.drain().delivered == 1)
  }
}
