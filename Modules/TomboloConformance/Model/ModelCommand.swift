import TomboloPorts

/// One step of a random test, told without revisions, which only the store can give: so it can be run again on another
/// store, alone or among fewer.
enum ModelCommand: Sendable, Equatable {
  case commit([ModelBatch])
  case get([Key])
  case scan(KeyRange, reverse: Bool, limit: Int)
  case reopen
  case crash
}

struct ModelBatch: Sendable, Equatable {
  var checks: [ModelCheck]
  var mutations: [Mutation]
}

struct ModelCheck: Sendable, Equatable {
  enum Expectation: Sendable, CaseIterable {
    /// What is there before the commit, a record or none.
    case current
    /// No record.
    case absent
    /// A revision the key had before; one that never was, when there is none.
    case former
  }

  var key: Key
  var expectation: Expectation
}

extension ModelCommand: CustomStringConvertible {
  var description: String {
    switch self {
    case .commit(let batches): "commit [\(batches.map(\.description).joined(separator: " | "))]"
    case .get(let keys): "get \(keys.map { "\"\($0)\"" }.joined(separator: ", "))"
    case .scan(let range, let reverse, let limit):
      "scan \(reverse ? "in reverse " : "")from \"\(range.lower)\" to \(range.upper.map { "\"\($0)\"" } ?? "the end"), "
        + "limit \(limit)"
    case .reopen: "close and open"
    case .crash: "crash and open"
    }
  }
}

extension ModelBatch: CustomStringConvertible {
  var description: String {
    let checks = checks.map { "check \"\($0.key)\" is \($0.expectation)" }
    let mutations = mutations.map { mutation in
      switch mutation {
      case .put(let key, let value): "put \"\(key)\" \(value.count) bytes"
      case .delete(let key): "delete \"\(key)\""
      }
    }
    return (checks + mutations).joined(separator: ", ")
  }
}
