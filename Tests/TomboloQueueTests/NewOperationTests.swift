import Testing
import TomboloPorts
import TomboloQueue

@Suite("NewOperation")
struct NewOperationTests {
  private static let time = Timestamp(millisecondsSinceEpoch: 1)
  private static let id = OperationID(high: 1, low: 2)

  /// One part that most operations do not have: how it is given, and taken away again.
  private struct Part: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var give: @Sendable (inout NewOperation) -> Void
    var take: @Sendable (inout NewOperation) -> Void
  }

  private static let parts = [
    Part(testDescription: "orderingKey", give: { $0.orderingKey = "a" }, take: { $0.orderingKey = nil }),
    Part(testDescription: "idempotencyKey", give: { $0.idempotencyKey = "a" }, take: { $0.idempotencyKey = nil }),
    Part(testDescription: "coalescingKey", give: { $0.coalescingKey = "a" }, take: { $0.coalescingKey = nil }),
    Part(testDescription: "uniqueness", give: { $0.uniqueness = .append }, take: { $0.uniqueness = nil }),
    Part(testDescription: "notBefore", give: { $0.notBefore = time }, take: { $0.notBefore = nil }),
    Part(testDescription: "expiresAt", give: { $0.expiresAt = time }, take: { $0.expiresAt = nil }),
    Part(testDescription: "namespace", give: { $0.namespace = "a" }, take: { $0.namespace = nil }),
    Part(testDescription: "after", give: { $0.after.append(.operation(id)) }, take: { $0.after.removeAll() }),
    Part(testDescription: "base", give: { $0.base = [] }, take: { $0.base = nil }),
    Part(
      testDescription: "headers", give: { $0.headers.append(OperationHeader(name: "n", value: "v")) },
      take: { $0.headers.removeAll() }),
  ]

  private static let every = NewOperation(
    kind: "test", version: 2, payload: [1], priority: .high, orderingKey: "o", idempotencyKey: "i", coalescingKey: "c",
    uniqueness: .append, notBefore: time, expiresAt: time, namespace: "n", after: [.operation(id)], base: [2],
    headers: [OperationHeader(name: "h", value: "v")])

  @Test(
    "A part that is given makes another operation, and leaves copies as they were; taken away again, it is as if never given",
    arguments: parts)
  private func given(part: Part) {
    let plain = NewOperation(kind: "test", payload: [1])
    var operation = plain
    part.give(&operation)
    #expect(operation != plain)
    #expect(plain == NewOperation(kind: "test", payload: [1]))
    let copy = operation
    part.take(&operation)
    #expect(operation == plain && operation.hashValue == plain.hashValue)
    #expect(copy != plain)
    // Of one that has all the others they stay.
    var all = plain
    for part in Self.parts { part.give(&all) }
    var other = all
    part.take(&other)
    #expect(other != all)
    part.give(&other)
    #expect(other == all && other.hashValue == all.hashValue)
  }

  @Test("Whatever is given is there, and printed")
  func everything() {
    let operation = Self.every
    #expect(
      operation.kind == "test" && operation.version == 2 && operation.payload == [1] && operation.priority == .high)
    #expect(operation.orderingKey == "o" && operation.idempotencyKey == "i" && operation.coalescingKey == "c")
    #expect(operation.uniqueness == .append && operation.notBefore == Self.time && operation.expiresAt == Self.time)
    #expect(operation.namespace == "n" && operation.after == [.operation(Self.id)] && operation.base == [2])
    #expect(operation.headers == [OperationHeader(name: "h", value: "v")])
    #expect("\(operation)".hasPrefix("NewOperation(kind: \"test\", version: 2, payload: [1]"))
    let printed = Mirror(reflecting: operation).children.map { "\($0.label ?? ""): \($0.value)" }
    let parts: [(String, Any)] = [
      ("orderingKey", operation.orderingKey as Any), ("idempotencyKey", operation.idempotencyKey as Any),
      ("coalescingKey", operation.coalescingKey as Any), ("uniqueness", operation.uniqueness as Any),
      ("notBefore", operation.notBefore as Any), ("expiresAt", operation.expiresAt as Any),
      ("namespace", operation.namespace as Any), ("after", operation.after), ("base", operation.base as Any),
      ("headers", operation.headers),
    ]
    for (name, value) in parts { #expect(printed.contains("\(name): \(value)"), "\(name)") }
  }

  @Test("A change that fails half-way leaves the other parts")
  func failing() {
    struct Refusal: Error {}
    func fail(_ headers: inout [OperationHeader]) throws {
      headers.removeAll()
      throw Refusal()
    }
    var operation = Self.every
    #expect(throws: Refusal.self) { try fail(&operation.headers) }
    var expected = Self.every
    expected.headers = []
    #expect(operation == expected)
  }
}
