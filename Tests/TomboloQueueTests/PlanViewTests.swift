import Testing
import TomboloPorts

@testable import TomboloQueue

@Suite("A plan's view of the store")
struct PlanViewTests {
  private static let (a, b, c) = (Key("a"), Key("b"), Key("c"))

  /// A view that has read all of it.
  private static func view(_ stored: [Key: [UInt8]] = [:]) -> PlanView {
    var reads = PlanView.Reads()
    for key in [a, b, c] { reads.records[key] = .some(stored[key]) }
    let records = stored.sorted { $0.key < $1.key }.map {
      Record(key: $0.key, value: $0.value, revision: Revision(rawValue: 1))
    }
    reads.scans[KeyRange(from: a, to: nil)] = PlanView.Scan(limit: 9, records: records)
    return PlanView(reads: reads)
  }

  @Test(
    "A request that fails leaves nothing, whether its keys were looked up before, meanwhile or not at all",
    arguments: 0..<3)
  func rollback(looksUp: Int) throws {
    var view = Self.view([Self.b: [9]])
    view.append(.put(Self.a, [1]))
    if looksUp == 0 { _ = try view.get(Self.a) }
    let savepoint = view.savepoint()
    view.put(Self.a, [2])
    view.append(.delete(Self.b))
    view.append(.put(Self.c, [3]))
    if looksUp < 2 {
      let isDeleted = view.isDeleted(Self.b)
      #expect(isDeleted)
      let added = view.put(at: Self.c)
      #expect(added == [3])
    }
    view.rollback(to: savepoint)
    #expect(view.batch.mutations == [.put(Self.a, [1])])
    let kept = try view.get(Self.a)
    #expect(kept == [1])
    let stored = try view.get(Self.b)
    #expect(stored == [9])
    let absent = try view.get(Self.c)
    #expect(absent == nil)
    view.put(Self.c, [4])
    #expect(view.batch.mutations == [.put(Self.a, [1]), .put(Self.c, [4])])
  }

  @Test("Of a key that is written twice the later one stays")
  func twice() throws {
    var view = Self.view()
    view.append(.put(Self.a, [1]))
    view.append(.put(Self.b, [2]))
    view.append(.delete(Self.a))
    let isDeleted = view.isDeleted(Self.a)
    #expect(isDeleted)
    let value = try view.get(Self.a)
    #expect(value == nil)
    let first = try view.first(in: KeyRange(from: Self.a, to: nil), excluding: Self.c)?.key
    #expect(first == Self.b)
    #expect(view.batch.mutations.last == .delete(Self.a))
  }
}
