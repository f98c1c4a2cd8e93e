import TomboloPorts
import TomboloStorage

/// The reading half of a `SQLiteStore`: a connection of its own, on a thread of its own, that sees the last commit as of
/// the moment a call begins.
actor SQLiteReader {
  private struct Session {
    var connection: SQLiteConnection
    var begin: SQLiteStatement
    var end: SQLiteStatement
    var get: SQLiteStatement
    /// By whether there is an upper bound, and whether the order is reversed.
    var scans: [[SQLiteStatement]]
  }

  private let location: SQLiteLocation
  private let busyTimeout: Duration
  nonisolated let executor: SerialThreadExecutor
  private var session: Session?

  init(location: SQLiteLocation, busyTimeout: Duration, executor: SerialThreadExecutor) {
    self.location = location
    self.busyTimeout = busyTimeout
    self.executor = executor
  }

  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  func open() throws {
    let connection = try SQLiteConnection(path: location.database, isReadOnly: true, busyTimeout: busyTimeout)
    func scan(_ bound: String, _ order: String) throws -> SQLiteStatement {
      try connection.prepare(
        "SELECT key, revision, value FROM records WHERE key >= ?1 \(bound) ORDER BY key \(order) LIMIT ?2")
    }
    let upper = "AND key < ?3"
    session = Session(
      connection: connection,
      begin: try connection.prepare("BEGIN"),
      end: try connection.prepare("COMMIT"),
      get: try connection.prepare("SELECT key, revision, value FROM records WHERE key = ?1"),
      scans: [[try scan("", "ASC"), try scan("", "DESC")], [try scan(upper, "ASC"), try scan(upper, "DESC")]])
  }

  func get(_ keys: [Key]) throws -> [Record?] {
    try Task.checkCancellation()
    let session = try requireSession()
    // One statement is one moment by itself; several need a transaction to be one.
    guard keys.count > 1 else { return try keys.map { try record(at: $0, with: session.get) } }
    try session.begin.run()
    defer { session.end.reset() }
    let records: [Record?]
    do {
      records = try keys.map { try record(at: $0, with: session.get) }
    } catch {
      // Ends the snapshot; the first error is the one that is told. Nothing was written that could be lost.
      _ = session.end.stepResult()
      throw error
    }
    _ = try session.end.step()
    return records
  }

  func scan(_ range: KeyRange, reverse: Bool, limit: Int) throws -> [Record] {
    try Task.checkCancellation()
    let session = try requireSession()
    guard limit > 0, !range.isEmpty else { return [] }
    let statement = session.scans[range.upper == nil ? 0 : 1][reverse ? 1 : 0]
    return try range.lower.bytes.withUnsafeBytes { lower in
      try (range.upper?.bytes ?? []).withUnsafeBytes { upper in
        defer { statement.reset() }
        try statement.bind(lower, at: 1)
        try statement.bind(Int64(limit), at: 2)
        if range.upper != nil { try statement.bind(upper, at: 3) }
        var records: [Record] = []
        while try statement.step() { records.append(try Self.record(of: statement)) }
        return records
      }
    }
  }

  /// Closing again does nothing. A reader has nothing to lose: SQLite closes the connection when its last statement is gone.
  func close() {
    session = nil
  }

  private func record(at key: Key, with statement: SQLiteStatement) throws -> Record? {
    try key.bytes.withUnsafeBytes { bytes in
      defer { statement.reset() }
      try statement.bind(bytes, at: 1)
      return try statement.step() ? Self.record(of: statement) : nil
    }
  }

  private static func record(of statement: SQLiteStatement) throws -> Record {
    Record(
      key: Key(try statement.bytes(at: 0)), value: try statement.bytes(at: 2),
      revision: Revision(rawValue: UInt64(bitPattern: statement.integer(at: 1))))
  }

  private func requireSession() throws -> Session {
    guard let session else { throw StoreError(.closed, "the store at \(location.folder) was closed") }
    return session
  }
}
