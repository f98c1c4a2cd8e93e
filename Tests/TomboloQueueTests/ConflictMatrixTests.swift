import Foundation
import Testing
import TomboloPorts
import TomboloQueue

/// Every resolver in every constellation, as a page of the documentation that is written by this test.
@Suite("The conflict matrix")
struct ConflictMatrixTests {
  private static let resolvers: [(name: String, resolver: any ConflictResolver)] = [
    ("timestamp", TimestampConflictResolver()), ("local", LocalWinsConflictResolver()),
    ("remote", RemoteWinsConflictResolver()), ("manual", ManualConflictResolver()),
    ("merge", ThreeWayMergeConflictResolver()),
    ("merge, local", ThreeWayMergeConflictResolver(onContradiction: .local)),
    ("merge, remote", ThreeWayMergeConflictResolver(onContradiction: .remote)),
  ]

  /// How the clock here stands to the one there. Equal ones are told apart by the writer's name.
  private static let clocks: [(name: String, here: HybridTimestamp, there: HybridTimestamp)] = [
    ("older", stamp(1, "b"), stamp(2, "a")), ("newer", stamp(2, "a"), stamp(1, "b")),
    ("equal, smaller name", stamp(1, "a"), stamp(1, "b")), ("equal, greater name", stamp(1, "b"), stamp(1, "a")),
  ]

  /// A field before, here and there; `nil` where it is not set.
  private static let fields: [(name: String, before: Int?, here: Int?, there: Int?)] = [
    ("set here", nil, 2, nil), ("set there", nil, nil, 3), ("set on both sides, alike", nil, 2, 2),
    ("set on both sides", nil, 2, 3), ("unset everywhere", nil, nil, nil), ("changed here", 1, 2, 1),
    ("changed there", 1, 1, 3), ("changed on both sides, alike", 1, 2, 2), ("changed on both sides", 1, 2, 3),
    ("deleted here", 1, nil, 1), ("deleted there", 1, 1, nil), ("deleted on both sides", 1, nil, nil),
    ("deleted here, changed there", 1, nil, 3), ("changed here, deleted there", 1, 2, nil), ("untouched", 1, 1, 1),
  ]

  private static func stamp(_ milliseconds: Int64, _ node: String) -> HybridTimestamp {
    HybridTimestamp(time: Timestamp(millisecondsSinceEpoch: milliseconds), node: node)
  }

  private static func document(_ field: Int?, _ other: String) -> [UInt8] {
    Array("{\(field.map { "\"field\":\($0)," } ?? "")\(other)}".utf8)
  }

  private static var page: String {
    get async throws {
      var lines = [
        "# Which version stands after a conflict?", "",
        "Every resolver, for every relation of the two clocks and every fate of one field. Beside that field, each side changed one of its own.",
        "", "| the field | the clock here is | " + resolvers.map(\.name).joined(separator: " | ") + " |",
        "|---|---|" + String(repeating: "---|", count: resolvers.count),
      ]
      for field in fields {
        for clock in clocks {
          var operation = SyncOperation(
            id: OperationID(high: 1, low: 1), kind: "k", enqueuedAt: Timestamp(millisecondsSinceEpoch: 0),
            base: document(field.before, #""ours":0,"theirs":0"#),
            payload: document(field.here, #""ours":1,"theirs":0"#))
          operation.headers = [OperationHeader(name: HybridTimestamp.headerName, value: clock.here.description)]
          let remote = RemoteVersion(
            written: clock.there, payload: document(field.there, #""ours":0,"theirs":1"#), detail: "412")
          var cells: [String] = []
          for (_, resolver) in resolvers {
            cells.append(word(try await resolver.resolve(operation, against: remote)))
          }
          lines.append("| \(field.name) | \(clock.name) | \(cells.joined(separator: " | ")) |")
        }
      }
      lines += [
        "",
        "*here*: the operation's version replaces the other; *there*: the upstream's stands; *person*: it waits for one; with a",
        "merge, the number is the field's value in what is delivered, *none* that it is not there.", "",
        "This page is written by `ConflictMatrixTests` (with `TOMBOLO_UPDATE_GOLDEN=1`), which compares it in every other run.",
        "",
      ]
      return lines.joined(separator: "\n")
    }
  }

  private static func word(_ result: ResolutionResult) -> String {
    switch result {
    case .applyLocal: return "here"
    case .keepRemote: return "there"
    case .park: return "person"
    case .merged(let payload):
      let text = String(decoding: payload, as: UTF8.self)
      guard text.contains(#""ours":1"#), text.contains(#""theirs":1"#) else { return "a change was lost" }
      guard let range = text.firstRange(of: #""field":"#) else { return "none" }
      return String(text[range.upperBound...].prefix { $0.isNumber })
    }
  }

  @Test("Each resolver decides each constellation as the page says")
  func matrix() async throws {
    let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
      .appending(path: "Modules/Tombolo/Documentation.docc/Queue/ConflictMatrix.md")
    let page = try await Self.page
    if ProcessInfo.processInfo.environment["TOMBOLO_UPDATE_GOLDEN"] == "1" {
      try page.write(to: file, atomically: true, encoding: .utf8)
    }
    #expect(try String(contentsOf: file, encoding: .utf8) == page)
  }

  @Test("Equal clocks without names: the upstream's version stands, on every device")
  func unnamed() {
    let operation = SyncOperation(
      id: OperationID(high: 1, low: 1), kind: "k", enqueuedAt: Timestamp(millisecondsSinceEpoch: 5))
    let remote = RemoteVersion(modifiedAt: Timestamp(millisecondsSinceEpoch: 5), detail: "")
    #expect(TimestampConflictResolver().resolve(operation, against: remote) == .keepRemote)
  }
}
