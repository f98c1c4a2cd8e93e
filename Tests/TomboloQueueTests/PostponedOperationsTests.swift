import Testing
import TomboloPorts

@testable import TomboloQueue

@Suite("What waits for its upstream beside the windows")
struct PostponedOperationsTests {
  private static func id(_ number: Int) -> OperationID { OperationID(high: 0, low: UInt64(number)) }

  private static func take(
    _ postponed: inout PostponedOperations, _ limit: Int, of upstream: String = "u", passedOverMaximum: Int = 64
  ) -> [OperationID] {
    postponed.take(limit, of: upstream, passedOverMaximum: passedOverMaximum).map(\.id)
  }

  @Test("Of each upstream as many come back as asked for: the most urgent first, and of those the longest waiting")
  func order() {
    var postponed = PostponedOperations(countMaximum: 10)
    postponed.insert(Self.id(1), .low, of: "u")
    for number in [4, 2, 3] { postponed.insert(Self.id(number), .normal, of: "u") }
    postponed.insert(Self.id(5), .high, of: "v")
    #expect(postponed.count == 5 && postponed.upstreams == ["u", "v"])
    #expect(Self.take(&postponed, 0).isEmpty)
    #expect(Self.take(&postponed, 2) == [Self.id(2), Self.id(3)])
    #expect(Self.take(&postponed, .max) == [Self.id(4), Self.id(1)])
    #expect(postponed.upstreams == ["v"] && postponed.contains(Self.id(5)) && !postponed.contains(Self.id(1)))
  }

  @Test("What was passed over often enough has its turn, however much that is urgent waits", arguments: [1, 4])
  func turns(maximum: Int) {
    var postponed = PostponedOperations(countMaximum: 100)
    postponed.insert(Self.id(0), .background, of: "u")
    for number in 1..<50 { postponed.insert(Self.id(number), .high, of: "u") }
    var taken: [OperationID] = []
    for _ in 0..<10 { taken += Self.take(&postponed, 1, passedOverMaximum: maximum) }
    #expect(taken.firstIndex(of: Self.id(0)) == maximum)
  }

  @Test("What is taken out does not come back, and what comes twice has the place it was given last")
  func removal() {
    var postponed = PostponedOperations(countMaximum: 10)
    for number in 1...3 { postponed.insert(Self.id(number), .normal, of: "u") }
    postponed.remove(Self.id(2))
    postponed.insert(Self.id(3), .high, of: "v")
    #expect(postponed.count == 2)
    #expect(Self.take(&postponed, 9) == [Self.id(1)])
    #expect(Self.take(&postponed, 9, of: "v") == [Self.id(3)])
  }
}
