import Testing
import TomboloPorts
import TomboloStorage

@testable import TomboloQueue

@Suite("Records that an earlier program stored are read")
struct RecordVersionTests {
  private let id = OperationID(high: 5, low: 7)

  @Test("An operation of layout 1, and one without anything new is still written that way")
  func operation() throws {
    var old = RecordEncoder(version: 1)
    old.append(UInt8(1 | 2 | 4 | 8 | 16))
    old.append(OperationPriority.high.rawValue)
    old.append("kind")
    old.append(UInt64(3))
    old.append(Timestamp(millisecondsSinceEpoch: 1))
    for name in ["ordering", "idempotency", "coalescing"] { old.append(name) }
    old.append(Timestamp(millisecondsSinceEpoch: 2))
    old.append(Timestamp(millisecondsSinceEpoch: 9))
    old.append(UInt64(1))
    old.append("name")
    old.append("value")
    old.append([1, 2, 3] as [UInt8])
    let bytes = old.sealed()
    let stored = try OperationRecord.decode(bytes, id: id)
    #expect(stored.operation.orderingKey == "ordering")
    #expect(stored.operation.payload == [1, 2, 3])
    #expect(OperationRecord.encode(NewOperation(stored), enqueuedAt: stored.operation.enqueuedAt) == bytes)
  }

  @Test("What is new comes back as it was, in layout 2")
  func newOperation() throws {
    let operation = NewOperation(
      kind: "k", payload: [9], namespace: "n", base: [], headers: [OperationHeader(name: "a", value: "b")])
    let now = Timestamp(millisecondsSinceEpoch: 4)
    let bytes = OperationRecord.encode(operation, enqueuedAt: now, after: [id])
    #expect(bytes.first == 2)
    let stored = try OperationRecord.decode(bytes, id: id)
    #expect(stored.operation.namespace == "n")
    #expect(stored.operation.after == [id])
    #expect(stored.operation.base == [])
    #expect(stored.operation.payload == [9])
  }

  @Test(
    "A line's head comes back from wherever it is",
    arguments: [
      HeadPlace.ready(.low), .scheduled(Timestamp(millisecondsSinceEpoch: 8)), .held(.parked), .dependent,
      .aside(.kind("k"), .high), .aside(.namespace("n"), .low), .aside(.limit(kind: "k"), .critical),
      .aside(.orderingKey(OrderingKey(stored: "ok")), .normal),
    ])
  func line(place: HeadPlace) throws {
    var line = OrderingKeyRecord(head: id, place: place)
    line.countByPriority[2] = 3
    #expect(try OrderingKeyRecord(line.encoded()) == line)
  }

  @Test("Counts of layout 1 are read, and what has no dependencies is written that way")
  func counts() throws {
    var old = RecordEncoder(version: 1)
    for number in 1...10 { old.append(UInt64(number)) }
    let bytes = old.sealed()
    var counts = try QueueCounts(bytes)
    #expect(counts.pending == 1 && counts.superseded == 10 && counts.dependencies == 0)
    #expect(counts.encoded() == bytes)
    counts.dependencies = 2
    #expect(try QueueCounts(counts.encoded()) == counts)
    counts.newestStamp = HybridTimestamp(time: Timestamp(millisecondsSinceEpoch: 12), counter: 3)
    #expect(try QueueCounts(counts.encoded()) == counts)
    (counts.newestID, counts.leases) = (id, 4)
    #expect(try QueueCounts(counts.encoded()) == counts)
  }
}
