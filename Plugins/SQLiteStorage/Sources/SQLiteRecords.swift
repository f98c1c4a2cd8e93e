import TomboloPorts

/// The table of records, written through prepared statements, within a transaction that the caller began.
///
/// To start a statement costs SQLite as much as to find the place of a record, so records that come together are put with one
/// statement, and neighbours are deleted with one.
final class SQLiteRecords {
  /// How many records one statement puts; with more of them the start of a statement no longer shows.
  static let rowCount = 16
  /// From how many neighbours on they are deleted with one statement, beside which another one looks at what there is.
  private static let neighbourCountMinimum = 8
  /// So many looks at keys that are no neighbours, and the others of a run are deleted one by one.
  private static let vainLookCountMaximum = 2

  private let selectRevision: SQLiteStatement
  private let insertRow: SQLiteStatement
  private let insertRows: SQLiteStatement
  private let deleteRow: SQLiteStatement
  private let selectKeys: SQLiteStatement
  private let deleteRange: SQLiteStatement

  init(_ connection: SQLiteConnection) throws {
    func insert(_ rows: String) throws -> SQLiteStatement {
      try connection.prepare(
        "INSERT INTO records (key, revision, value) VALUES \(rows) "
          + "ON CONFLICT (key) DO UPDATE SET revision = excluded.revision, value = excluded.value")
    }
    selectRevision = try connection.prepare("SELECT revision FROM records WHERE key = ?1")
    insertRow = try insert("(?1, ?2, ?3)")
    insertRows = try insert(Array(repeating: "(?, ?, ?)", count: Self.rowCount).joined(separator: ", "))
    deleteRow = try connection.prepare("DELETE FROM records WHERE key = ?1")
    selectKeys = try connection.prepare("SELECT key FROM records WHERE key BETWEEN ?1 AND ?2 ORDER BY key")
    deleteRange = try connection.prepare("DELETE FROM records WHERE key BETWEEN ?1 AND ?2")
  }

  func revision(of key: Key) throws -> Revision? {
    try key.bytes.withUnsafeBytes { bytes in
      defer { selectRevision.reset() }
      try selectRevision.bind(bytes, at: 1)
      guard try selectRevision.step() else { return nil }
      return Revision(rawValue: UInt64(bitPattern: selectRevision.integer(at: 0)))
    }
  }

  /// One after the other, as far as it can be seen: a later mutation of a key wins.
  func apply(_ mutations: [Mutation], _ revision: Revision) throws {
    var rest = mutations[...]
    while let first = rest.first {
      switch first {
      case .put(let key, let value):
        let rows = rest.prefix(Self.rowCount)
        if rows.count == Self.rowCount, rows.allSatisfy(\.isPut) {
          try put(rows, revision)
          rest.removeFirst(Self.rowCount)
        } else {
          try put(key, value, revision)
          rest.removeFirst()
        }
      case .delete(let key):
        let run = rest.prefix { !$0.isPut }
        if run.count >= Self.neighbourCountMinimum { try delete(run.map(\.key)) } else { try delete(key) }
        rest.removeFirst(run.count >= Self.neighbourCountMinimum ? run.count : 1)
      }
    }
  }

  private func put(_ key: Key, _ value: [UInt8], _ revision: Revision) throws {
    try bind(key, value, revision, at: 1, of: insertRow) { try insertRow.run() }
  }

  /// As many as `insertRows` has room for.
  private func put(_ rows: ArraySlice<Mutation>, _ revision: Revision, from row: Int32 = 0) throws {
    // One within the other, because what is bound is borrowed until the statement has run.
    guard case .put(let key, let value) = rows.first else { return try insertRows.run() }
    try bind(key, value, revision, at: row * 3 + 1, of: insertRows) {
      try put(rows.dropFirst(), revision, from: row + 1)
    }
  }

  /// Binds a row from the parameter `index` on, and runs `body` while it is lent.
  private func bind(
    _ key: Key, _ value: [UInt8], _ revision: Revision, at index: Int32, of statement: SQLiteStatement,
    _ body: () throws -> Void
  ) throws {
    try key.bytes.withUnsafeBytes { key in
      try value.withUnsafeBytes { value in
        try statement.bind(key, at: index)
        try statement.bind(Int64(bitPattern: revision.rawValue), at: index + 1)
        try statement.bind(value, at: index + 2)
        try body()
      }
    }
  }

  private func delete(_ key: Key) throws {
    try key.bytes.withUnsafeBytes { bytes in
      try deleteRow.bind(bytes, at: 1)
      try deleteRow.run()
    }
  }

  /// The order in which they go is not seen by anybody, so neighbours are looked for among all of them.
  private func delete(_ unsorted: [Key]) throws {
    let sorted = zip(unsorted, unsorted.dropFirst()).allSatisfy { $0 <= $1 } ? unsorted : unsorted.sorted()
    var rest = sorted[...]
    var vainLookCount = 0
    while rest.count >= Self.neighbourCountMinimum, vainLookCount < Self.vainLookCountMaximum {
      let neighbours = rest.prefix(try neighbourCount(rest))
      if neighbours.count >= Self.neighbourCountMinimum, let first = neighbours.first, let last = neighbours.last {
        try bind(first, last, of: deleteRange) { try deleteRange.run() }
        rest.removeFirst(neighbours.count)
      } else {
        vainLookCount += 1
        // With the one that the look ended at.
        for key in rest.prefix(neighbours.count + 1) { try delete(key) }
        rest = rest.dropFirst(neighbours.count + 1)
      }
    }
    for key in rest { try delete(key) }
  }

  /// How many of `sorted`, from the first on, are there with nothing else between them.
  private func neighbourCount(_ sorted: ArraySlice<Key>) throws -> Int {
    guard let first = sorted.first, let last = sorted.last else { return 0 }
    return try bind(first, last, of: selectKeys) {
      defer { selectKeys.reset() }
      var count = 0
      for key in sorted {
        guard try selectKeys.step(), selectKeys.isEqual(at: 0, to: key.bytes) else { break }
        count += 1
      }
      return count
    }
  }

  private func bind<Value>(
    _ first: Key, _ last: Key, of statement: SQLiteStatement, _ body: () throws -> Value
  ) throws -> Value {
    try first.bytes.withUnsafeBytes { first in
      try last.bytes.withUnsafeBytes { last in
        try statement.bind(first, at: 1)
        try statement.bind(last, at: 2)
        return try body()
      }
    }
  }
}

extension Mutation {
  fileprivate var isPut: Bool {
    if case .put = self { return true }
    return false
  }
}
