import Testing
import TomboloPorts

@Suite("SyncOperation")
struct SyncOperationTests {
  private static let id = OperationID(high: 1, low: 2)
  private static let now = Timestamp(millisecondsSinceEpoch: 1)

  private static func operation() -> SyncOperation {
    SyncOperation(
      id: id, kind: "test", orderingKey: "a", enqueuedAt: now, after: [OperationID(high: 0, low: 1)], base: [1],
      headers: [OperationHeader(name: "n", value: "v")], payload: [1, 2])
  }

  /// One change of each part.
  private static let changes: [@Sendable (inout SyncOperation) -> Void] = [
    { $0.id = OperationID(high: 1, low: 3) }, { $0.kind = "other" }, { $0.version = 2 }, { $0.priority = .critical },
    { $0.orderingKey = nil }, { $0.idempotencyKey = "i" }, { $0.coalescingKey = "c" },
    { $0.enqueuedAt = Timestamp(millisecondsSinceEpoch: 2) }, { $0.notBefore = now }, { $0.expiresAt = now },
    { $0.namespace = "n" }, { $0.after.append(id) }, { $0.base?.append(2) },
    { $0.headers[0].value = "w" }, { $0.payload[1] = 3 },
  ]

  @Test("A copy that is changed leaves the other as it was, whichever part it is", arguments: 0..<15)
  func copies(index: Int) {
    let original = Self.operation()
    var copy = original
    #expect(copy == original && copy.hashValue == original.hashValue)
    Self.changes[index](&copy)
    #expect(original == Self.operation())
    #expect(copy != original)
    // And once more, where nobody else has it.
    let changed = copy
    var again = Self.operation()
    Self.changes[index](&again)
    #expect(again == changed && again.hashValue == changed.hashValue)
  }

  @Test("Nothing is copied to add to a part of an operation that nobody else has")
  func inPlace() {
    var operation = Self.operation()
    operation.payload.reserveCapacity(1_000)
    let before = operation.payload.withUnsafeBytes { $0.baseAddress }
    for number in 0..<900 { operation.payload.append(UInt8(number % 256)) }
    #expect(operation.payload.withUnsafeBytes { $0.baseAddress } == before)
    #expect(operation.payload.count == 902)
  }

  @Test("Printed it shows its parts")
  func printed() {
    let text = "\(Self.operation())"
    #expect(text.hasPrefix("SyncOperation(id: "))
    for part in ["kind: \"test\"", "orderingKey: ", "payload: [1, 2]", "idempotencyKey: \"\(Self.id)\""] {
      #expect(text.contains(part), "\(part)")
    }
  }
}
