import Testing
import TomboloPorts
import TomboloStorage

@Suite("Batch.isShrinking")
struct BatchShrinkingTests {
  private static func batch(deletions: Int, putByteCount: Int?) -> Batch {
    var batch = Batch()
    for number in 0..<deletions { batch.delete(Key("\(number)")) }
    if let putByteCount { batch.put(Key("k"), [UInt8](repeating: 0, count: putByteCount - 1)) }
    return batch
  }

  @Test(
    "A batch shrinks when it puts at most 1 KiB of keys and values for each record it deletes",
    arguments: [
      (0, nil, true), (1, nil, true), (0, 1, false), (1, 1_024, true), (1, 1_025, false), (2, 2_048, true),
    ] as [(Int, Int?, Bool)])
  func boundary(deletions: Int, putByteCount: Int?, isShrinking: Bool) {
    #expect(Self.batch(deletions: deletions, putByteCount: putByteCount).isShrinking == isShrinking)
  }

  @Test("A commit is shrinking when every one of its batches is")
  func commit() {
    let settlement = Self.batch(deletions: 1, putByteCount: 100)
    let addition = Self.batch(deletions: 0, putByteCount: 100)
    #expect([settlement, settlement].areShrinking)
    #expect(![settlement, addition, settlement].areShrinking)
  }
}
