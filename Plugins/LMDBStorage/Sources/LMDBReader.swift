import CLMDB
import Synchronization
import TomboloPorts
import TomboloStorage

/// The reading half of an `LMDBStore`, on a thread of its own or in place (`SerialThreadExecutor.run(on:_:)`): every call sees the last commit as of the moment it begins.
///
/// A call holds the environment's gate and a read transaction only while it runs, so that the map can grow and freed pages are
/// used again.
actor LMDBReader {
  /// The environment and a transaction that is kept between calls and renewed by each. A class, so that it ends what it began.
  private final class Session {
    let environment: LMDBEnvironment
    private let transaction: OpaquePointer

    init(_ environment: LMDBEnvironment) throws {
      var begun: OpaquePointer?
      let result = try environment.withMap {
        let result = mdb_txn_begin(environment.handle, nil, UInt32(MDB_RDONLY), &begun)
        if result == MDB_SUCCESS { mdb_txn_reset(begun) }
        return result
      }
      try LMDBFailure.require(result, "preparing to read")
      guard let begun else { throw LMDBFailure(result: MDB_CORRUPTED, action: "preparing to read") }
      self.environment = environment
      transaction = begun
    }

    deinit { mdb_txn_abort(transaction) }

    func read<Value: Sendable>(_ body: (LMDBTable) throws -> Value) throws -> Value {
      do {
        return try environment.withMap {
          try LMDBFailure.require(mdb_txn_renew(transaction), "beginning to read")
          defer { mdb_txn_reset(transaction) }
          return try body(
            LMDBTable(
              transaction: transaction, table: environment.records, bounds: LMDBBounds(environment)))
        }
      } catch let failure as LMDBFailure {
        throw failure.storeError(path: environment.path)
      }
    }
  }

  private let location: LMDBLocation
  nonisolated let executor: SerialThreadExecutor
  private var session: Session?

  init(location: LMDBLocation, executor: SerialThreadExecutor) {
    self.location = location
    self.executor = executor
  }

  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  func open(_ environment: LMDBEnvironment) throws {
    do {
      session = try Session(environment)
    } catch let failure as LMDBFailure {
      throw failure.storeError(path: location.database)
    }
  }

  func get(_ keys: [Key]) throws -> [Record?] {
    try Task.checkCancellation()
    return try requireSession().read { table in try keys.map { try table.record(at: $0) } }
  }

  func scan(_ range: KeyRange, reverse: Bool, limit: Int) throws -> [Record] {
    try Task.checkCancellation()
    let session = try requireSession()
    guard limit > 0, !range.isEmpty else { return [] }
    return try session.read { try $0.scan(range, reverse: reverse, limit: limit) }
  }

  /// Closing again does nothing.
  func close() {
    session = nil
  }

  private func requireSession() throws -> Session {
    guard let session else { throw StoreError(.closed, "the store at \(location.folder) was closed") }
    return session
  }
}
