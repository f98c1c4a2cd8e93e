import TomboloPorts
import TomboloStorage

/// How many operations there are in each state, kept in the commits that change them and never counted.
///
/// Operations being delivered are counted where they were before: a crash puts them back there.
public struct QueueCounts: Hashable, Sendable {
  /// Waiting for their turn, their `notBefore` or the network; those being delivered for the first time included.
  public internal(set) var pending = 0
  /// Waiting for their backoff.
  public internal(set) var retrying = 0
  /// Behind an earlier operation of their ordering key.
  public internal(set) var blocked = 0
  public internal(set) var parked = 0
  public internal(set) var deadLettered = 0
  /// The bytes of all of the above: of their payloads, their bases, and the versions that a person is shown of those parked for
  /// a conflict.
  public internal(set) var byteCount = 0

  /// How many operations wait for how many others by `after`, every pair counted.
  var dependencies = 0
  /// How many leases were ever given: the newest fencing token. Only on a store that several processes share.
  var leases: UInt64 = 0
  /// The newest operation, so that processes that share a store keep one order.
  var newestID: OperationID?
  /// The greatest stamp of the clock for versions at the last commit, without a name: each later one is greater, whatever the wall
  /// clock does while no process runs.
  var newestStamp: HybridTimestamp?

  /// Since the store was made:
  public internal(set) var delivered = 0
  public internal(set) var discarded = 0
  public internal(set) var expired = 0
  public internal(set) var superseded = 0

  /// Operations that are not gone.
  public var stored: Int { pending + retrying + blocked + parked + deadLettered }

  /// Version 2 has `dependencies`, version 3 what a shared store needs, version 4 `newestStamp`; what has none of them is written as
  /// version 1.
  private static let newestVersion: UInt8 = 4

  init() {}

  func encoded() -> [UInt8] {
    let version: UInt8 = newestStamp != nil ? 4 : newestID != nil || leases > 0 ? 3 : dependencies > 0 ? 2 : 1
    var record = RecordEncoder(version: version)
    for count in [
      pending, retrying, blocked, parked, deadLettered, byteCount, delivered, discarded, expired, superseded,
    ] {
      record.append(UInt64(max(0, count)))
    }
    if version >= 2 { record.append(UInt64(max(0, dependencies))) }
    if version >= 3 {
      record.append(leases)
      record.append(newestID ?? Self.none)
    }
    if let newestStamp {
      record.append(newestStamp.time)
      record.append(UInt64(newestStamp.counter))
    }
    return record.sealed()
  }

  /// What stands where earlier versions kept the counts: to them it is a record of a newer one, so they refuse the store.
  static let formerMark = RecordEncoder(version: 5).sealed()

  /// The counts of a store, from where earlier versions kept them when they are not where they belong.
  static func stored(in store: any KeyValueStore) async throws -> StoredCounts {
    let records = try await store.get([QueueLayout.counts, QueueLayout.formerCounts])
    let (record, former) = (records.first ?? nil, records.last ?? nil)
    if let record { return StoredCounts(counts: try QueueCounts(record.value), revision: record.revision) }
    guard let former else { return StoredCounts(counts: QueueCounts()) }
    guard former.value != formerMark else { throw RecordError.damaged("the counts are not there") }
    return StoredCounts(counts: try QueueCounts(former.value), formerRevision: former.revision)
  }

  init(_ value: [UInt8]) throws(RecordError) {
    var record = try RecordDecoder(value, newestVersion: Self.newestVersion)
    pending = try record.count()
    retrying = try record.count()
    blocked = try record.count()
    parked = try record.count()
    deadLettered = try record.count()
    byteCount = try record.count()
    delivered = try record.count()
    discarded = try record.count()
    expired = try record.count()
    superseded = try record.count()
    if record.version >= 2 { dependencies = try record.count() }
    if record.version >= 3 {
      leases = try record.unsigned()
      let id = try record.operationID()
      newestID = id == Self.none ? nil : id
    }
    if record.version >= 4 {
      let time = try record.timestamp()
      guard let counter = UInt32(exactly: try record.unsigned()) else {
        throw .damaged("a stamp's counter is out of range")
      }
      newestStamp = HybridTimestamp(time: time, counter: counter)
    }
  }

  /// Stands in a record for no operation.
  private static let none = OperationID(high: 0, low: 0)

  /// Moves one operation from the count of one state to that of another; `nil` for not there yet. States that are not
  /// stored (`delivering`) have no count.
  mutating func move(from old: OperationState?, to new: OperationState?) {
    if let old { add(-1, to: old) }
    if let new { add(1, to: new) }
  }

  private mutating func add(_ number: Int, to state: OperationState) {
    switch state {
    case .pending: pending += number
    case .retrying: retrying += number
    case .blocked: blocked += number
    case .parked: parked += number
    case .deadLettered: deadLettered += number
    case .delivered: delivered += number
    case .discarded: discarded += number
    case .expired: expired += number
    case .superseded: superseded += number
    case .delivering: break
    }
  }
}

/// Counts as they were read.
struct StoredCounts {
  var counts: QueueCounts
  /// The revision of their record; `nil` when it is yet to be written.
  var revision: Revision?
  /// That of the record which they were taken from then, of an earlier version; `nil` when there is none.
  var formerRevision: Revision?
}
