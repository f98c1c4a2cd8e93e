import Testing

@testable import TomboloPorts

@Suite("MonotonicOperationIDSource")
struct MonotonicOperationIDSourceTests {
  /// Always the same number: the largest one makes every counter as full as it can be.
  private struct ConstantGenerator: RandomNumberGenerator, Sendable {
    var number: UInt64
    func next() -> UInt64 { number }
  }

  private let now = Timestamp(millisecondsSinceEpoch: 1_790_000_000_000)

  @Test("Identifiers of one millisecond grow, and are of version 7 and the standard's variant")
  func oneMillisecond() {
    let source = MonotonicOperationIDSource()
    var last = source.next(at: now)
    for _ in 0..<10_000 {
      let next = source.next(at: now)
      #expect(next > last)
      #expect(next.high >> 12 & 0xF == 7)
      #expect(next.low >> 62 == 2)
      #expect(next.timestamp == now)
      last = next
    }
  }

  @Test("The system's numbers differ, within one draw and from draw to draw")
  func drawnNumbers() {
    var numbers = DrawnNumbers()
    let drawn = Set((0..<1_000).map { _ in numbers.next() })
    // Of 64 bits two of a thousand are the same once in 10¹³ times.
    #expect(drawn.count == 1_000)
  }

  @Test("A clock that is set back does not set identifiers back")
  func clockSetBack() {
    let source = MonotonicOperationIDSource()
    let first = source.next(at: now)
    let second = source.next(at: now.advanced(by: .seconds(-3_600)))
    #expect(second > first)
    #expect(second.timestamp == now)
    #expect(source.next(at: now.advanced(by: .milliseconds(1))) > second)
  }

  @Test("A counter that is exhausted carries into the time, and order holds")
  func carry() {
    let source = MonotonicOperationIDSource(random: ConstantGenerator(number: .max))
    let milliseconds = UInt64(now.millisecondsSinceEpoch)
    let full = OperationID(high: milliseconds << 16 | 0x7FFF, low: .max)
    source.advance(past: full)
    let next = source.next(at: now)
    #expect(next > full)
    #expect(next.timestamp == now.advanced(by: .milliseconds(1)))
    #expect(next.high >> 12 & 0xF == 7)
    #expect(next.low >> 62 == 2)
  }

  @Test("The low counter carries into the high one")
  func carryWithin() {
    let source = MonotonicOperationIDSource(random: ConstantGenerator(number: .max))
    let first = source.next(at: now)
    #expect(first.low == 0xBFFF_FFFF_FFFF_FFFF)
    let second = source.next(at: now)
    #expect(second > first)
    #expect(second.timestamp == now)
    #expect(second.high & 0xFFF == first.high & 0xFFF + 1)
  }

  @Test("After a restart with an earlier clock, identifiers go on behind the greatest one stored")
  func advancePastStored() {
    let stored = MonotonicOperationIDSource().next(at: now)
    let source = MonotonicOperationIDSource()
    source.advance(past: stored)
    let next = source.next(at: now.advanced(by: .seconds(-60)))
    #expect(next > stored)
    source.advance(past: stored)
    #expect(source.next(at: now.advanced(by: .seconds(-60))) > next)
  }

  @Test("Identifiers made by many tasks at once are all different")
  func concurrent() async {
    let source = MonotonicOperationIDSource()
    let moment = now
    let ids = await withTaskGroup(of: [OperationID].self) { group in
      for _ in 0..<8 { group.addTask { (0..<1_000).map { _ in source.next(at: moment) } } }
      return await group.reduce(into: []) { $0 += $1 }
    }
    #expect(Set(ids).count == 8_000)
  }
}
