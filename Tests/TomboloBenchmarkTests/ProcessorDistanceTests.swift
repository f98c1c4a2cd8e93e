import Testing

@testable import TomboloBenchmark

@Suite("How far apart two processors are")
struct ProcessorDistanceTests {
  @Test("A turn is handed on by whoever has it, and who waits in vain gives up, for both")
  func turns() {
    let line = ProcessorDistance.Line()
    #expect(line.pass(0, to: 1))
    #expect(line.pass(1, to: 0))
    #expect(!line.pass(1, to: 0, lookCountMaximum: 10))
    // The other one does not go on waiting, either, and a turn that is there is still handed on.
    #expect(!line.pass(2, to: 0, lookCountMaximum: .max))
    #expect(line.pass(0, to: 1))
  }
}
