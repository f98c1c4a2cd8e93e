import Testing
import TomboloPorts
import TomboloTesting

@testable import TomboloQueue

@Suite("ReadyWindow")
struct ReadyWindowTests {
  private static func id(_ number: Int) -> OperationID { OperationID(high: 0, low: UInt64(number)) }
  private static func ids(_ numbers: [Int]) -> [OperationID] { numbers.map(id) }

  private static func drain(_ window: inout ReadyWindow) -> [OperationID] {
    var ids: [OperationID] = []
    while let id = window.popFirst()?.id { ids.append(id) }
    return ids
  }

  @Test("A new window knows nothing: it has to be filled before it says there is nothing")
  func unknown() {
    var window = ReadyWindow(capacity: 4)
    #expect(window.needsRefill)
    window.insert(Self.id(1))
    #expect(window.oldest == nil)
    window.refill([], isComplete: true)
    #expect(!window.needsRefill)
  }

  @Test("What becomes ready goes to its place, once")
  func insertion() {
    var window = ReadyWindow(capacity: 10)
    window.refill(Self.ids([2, 5]).map { ReadyWindow.Entry(id: $0) }, isComplete: true)
    for number in [4, 1, 9, 4, 5] { window.insert(Self.id(number)) }
    #expect(Self.drain(&window) == Self.ids([1, 2, 4, 5, 9]))
  }

  @Test("Beyond the capacity the newest go, and are found again by a refill")
  func capacity() {
    var window = ReadyWindow(capacity: 3)
    window.refill([], isComplete: true)
    for number in [5, 4, 3, 2, 1] { window.insert(Self.id(number)) }
    #expect(window.count == 3)
    #expect(!window.isComplete)
    // What lies beyond what is known is left to the refill as well.
    window.insert(Self.id(9))
    #expect(Self.drain(&window) == Self.ids([1, 2, 3]))
    #expect(window.needsRefill)
  }

  @Test("What is read ahead comes behind the newest, up to the capacity")
  func extended() {
    var window = ReadyWindow(capacity: 4)
    window.refill(Self.ids([1, 2, 3]).map { ReadyWindow.Entry(id: $0) }, isComplete: false)
    #expect(window.newest == Self.id(3))
    #expect(window.popFirst()?.id == Self.id(1))
    window.extend(Self.ids([5, 7]).map { ReadyWindow.Entry(id: $0) }, isComplete: true)
    #expect(window.isComplete)
    #expect(window.newest == Self.id(7))
    // No room for more than four, and what does not get in is left to a refill.
    window.extend([ReadyWindow.Entry(id: Self.id(9))], isComplete: true)
    #expect(!window.isComplete)
    #expect(Self.drain(&window) == Self.ids([2, 3, 5, 7]))
    #expect(window.newest == nil)
  }

  @Test("The record of an operation comes with it, and goes with it")
  func records() {
    var window = ReadyWindow(capacity: 10)
    window.refill(
      [ReadyWindow.Entry(id: Self.id(1), record: [1]), ReadyWindow.Entry(id: Self.id(3))], isComplete: true)
    window.insert(Self.id(2), [2])
    // Parted meanwhile.
    window.remove(Self.id(1))
    window.insert(Self.id(1))
    var records: [[UInt8]?] = []
    while let entry = window.popFirst() { records.append(entry.record) }
    #expect(records == [nil, [2], nil])
  }

  @Test("Removing and taking work together")
  func removal() {
    var window = ReadyWindow(capacity: 10)
    window.refill(Self.ids([1, 2, 3, 4]).map { ReadyWindow.Entry(id: $0) }, isComplete: true)
    #expect(window.popFirst()?.id == Self.id(1))
    window.remove(Self.id(1))
    window.remove(Self.id(3))
    window.remove(Self.id(7))
    #expect(Self.drain(&window) == Self.ids([2, 4]))
    window.insert(Self.id(3))
    #expect(window.oldest == Self.id(3))
    window.invalidate()
    #expect(window.needsRefill)
  }

  /// The window beside a set of all that is ready.
  @Test("It always gives the oldest of all that is ready, and holds no more than it may", arguments: 0..<10)
  func model(seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed))
    var window = ReadyWindow(capacity: 8)
    var ready: Set<OperationID> = []
    for _ in 0..<4_000 {
      let id = Self.id(Int.random(in: 0..<40, using: &random))
      switch Int.random(in: 0..<5, using: &random) {
      case 0, 1:
        ready.insert(id)
        window.insert(id)
      case 2:
        ready.remove(id)
        window.remove(id)
      case 3:
        guard !window.isComplete, let newest = window.newest else { break }
        let behind = ready.sorted().filter { newest < $0 }
        let found = behind.prefix(2)
        window.extend(found.map { ReadyWindow.Entry(id: $0) }, isComplete: found.count == behind.count)
      default:
        if window.needsRefill {
          let front = ready.sorted().prefix(8)
          window.refill(front.map { ReadyWindow.Entry(id: $0) }, isComplete: front.count < 8)
        }
        let oldest = ready.min()
        #expect(window.popFirst()?.id == oldest, "seed \(seed)")
        if let oldest { ready.remove(oldest) }
      }
      #expect(window.count <= 8)
    }
  }
}
