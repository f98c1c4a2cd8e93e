import Testing
import TomboloPorts
import TomboloQueue

@Suite("Merging three versions of a document")
struct ThreeWayMergeTests {
  private func resolve(
    _ base: String?, _ local: String, _ remote: String?, _ policy: ThreeWayMergeConflictResolver.Contradiction
  ) -> String {
    let operation = SyncOperation(
      id: OperationID(high: 1, low: 1), kind: "k", enqueuedAt: Timestamp(millisecondsSinceEpoch: 0),
      base: base.map { Array($0.utf8) }, payload: Array(local.utf8))
    let version = RemoteVersion(payload: remote.map { Array($0.utf8) }, detail: "other")
    switch ThreeWayMergeConflictResolver(onContradiction: policy).resolve(operation, against: version) {
    case .applyLocal: return "local"
    case .keepRemote: return "remote"
    case .merged(let bytes): return String(decoding: bytes, as: UTF8.self)
    case .park: return "park"
    }
  }

  /// The matrix of one field beside an untouched one. Columns: before, here, there (`-` for not there), and the outcome with
  /// `local`, `remote` and `park`.
  private static let matrix = """
    - - -  remote remote remote
    - - 3  remote remote remote
    - 2 -  local  local  local
    - 2 2  remote remote remote
    - 2 3  local  remote park
    1 - -  remote remote remote
    1 - 1  local  local  local
    1 - 3  local  remote park
    1 1 -  remote remote remote
    1 1 1  remote remote remote
    1 1 3  remote remote remote
    1 2 -  local  remote park
    1 2 1  local  local  local
    1 2 2  remote remote remote
    1 2 3  local  remote park
    """

  @Test("A field set, changed or removed on either side", arguments: matrix.split(separator: "\n").map(String.init))
  func field(row: String) {
    let cells = row.split(separator: " ").map(String.init)
    func document(_ cell: String) -> String { cell == "-" ? #"{"z":0}"# : #"{"a":\#(cell),"z":0}"# }
    let policies = ThreeWayMergeConflictResolver.Contradiction.allCases
    for (policy, expected) in zip(policies, cells[3...]) {
      let found = resolve(document(cells[0]), document(cells[1]), document(cells[2]), policy)
      #expect(found == expected, "\(row) with \(policy)")
    }
  }

  @Test("Changes of different fields come together, in objects inside objects too, with numbers as they were written")
  func together() {
    #expect(
      resolve(
        #"{"a":1.50,"o":{"x":1,"y":1,"gone":1}}"#, #"{"a":1.50,"o":{"x":2,"y":1},"new":[1]}"#,
        #"{"a":7.00,"o":{"x":1,"y":3,"gone":1}}"#, .park) == #"{"a":7.00,"new":[1],"o":{"x":2,"y":3}}"#)
  }

  @Test("Without a base only what differs contradicts")
  func withoutBase() {
    #expect(resolve(nil, #"{"a":1,"b":2}"#, #"{"a":1,"c":3}"#, .park) == #"{"a":1,"b":2,"c":3}"#)
    #expect(resolve(nil, #"{"a":1}"#, #"{"a":2}"#, .park) == "park")
  }

  @Test("What cannot be merged waits for a person", arguments: [nil, "[1]", "nonsense"])
  func parked(remote: String?) {
    #expect(resolve("{}", "{}", remote, .local) == "park")
  }

  @Test("The reason names the fields that both sides changed, and never their values")
  func reason() {
    let operation = SyncOperation(
      id: OperationID(high: 1, low: 1), kind: "k", enqueuedAt: Timestamp(millisecondsSinceEpoch: 0),
      payload: Array(#"{"o":{"card":"secret-1"}}"#.utf8))
    let remote = RemoteVersion(payload: Array(#"{"o":{"card":"secret-2"}}"#.utf8), detail: "")
    #expect(
      ThreeWayMergeConflictResolver().resolve(operation, against: remote) == .park("both sides changed o.card"))
  }
}
