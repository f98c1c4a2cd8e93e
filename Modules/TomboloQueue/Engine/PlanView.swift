import TomboloPorts

/// What a plan sees of the store and what it does to it: records read for it, overlaid with its own changes.
///
/// A plan is pure. When it asks for something that was not read, it notes that and throws `Unread`; the engine reads all
/// that was noted at once and plans again from the start. So planning never waits, and reads come in one call.
struct PlanView {
  /// Thrown when a plan needs something that has yet to be read.
  struct Unread: Error {}

  /// What was read from the store for this group.
  struct Reads {
    var records: [Key: [UInt8]?] = [:]
    /// The first entries of a range, and how many were asked for.
    var scans: [KeyRange: Scan] = [:]
    /// The last entries of a range, in the opposite order.
    var reverseScans: [KeyRange: Scan] = [:]
  }

  struct Scan {
    var limit: Int
    var records: [Record]
  }

  private let reads: Reads
  /// Records known from earlier commits.
  private var known: [Key: [UInt8]?]
  private(set) var unreadKeys: Set<Key> = []
  private(set) var unreadScans: [KeyRange: Int] = [:]
  private(set) var unreadReverseScans: [KeyRange: Int] = [:]
  /// What this plan puts and deletes, in the order the keys were first written. Where one is there twice (`append`) the later one stays.
  private var written: [Mutation] = []
  /// Where each key stands in `written`, of the first `indexedCount`: most plans never ask.
  private var positions: [Key: Int] = [:]
  private var indexedCount = 0
  /// Whether anything was written otherwise than by `append`.
  private var hasPut = false
  /// What was overwritten since the plan began, so that a request that fails half-way leaves nothing.
  private var undo: [(position: Int, before: Mutation)] = []
  private var companions: [Batch] = []
  /// What the companions change.
  private var companionKeys: Set<Key> = []

  /// - Parameter writeCount: how many keys will be written, roughly.
  init(reads: Reads, known: [Key: [UInt8]?] = [:], writeCount: Int = 2) {
    self.reads = reads
    self.known = known
    written.reserveCapacity(writeCount)
  }

  /// What has yet to be read, for messages.
  var unread: String {
    (unreadKeys.sorted().map(\.description) + unreadScans.map { "\($0.key.lower)… (\($0.value))" })
      .joined(separator: ", ")
  }

  var isComplete: Bool { unreadKeys.isEmpty && unreadScans.isEmpty && unreadReverseScans.isEmpty }

  /// All changes, and the callers' own batches.
  var batch: Batch {
    var batch = Batch(mutations: written)
    for companion in companions { batch.append(companion) }
    return batch
  }

  // MARK: - Reading

  mutating func get(_ key: Key) throws -> [UInt8]? {
    if let position = position(of: key) { return written[position].value }
    if let value = reads.records[key] { return value }
    if let value = known[key] { return value }
    unreadKeys.insert(key)
    throw Unread()
  }

  /// What this plan puts at `key`; `nil` when it does not, or deletes it.
  mutating func put(at key: Key) -> [UInt8]? {
    position(of: key).flatMap { written[$0].value }
  }

  /// Lets go of what was known from earlier commits.
  mutating func forgetKnown() {
    known = [:]
  }

  /// Notes that this will be needed, so that it is read together with the rest.
  mutating func expect(_ key: Key) {
    if position(of: key) == nil, reads.records[key] == nil, known[key] == nil { unreadKeys.insert(key) }
  }

  /// Whether this plan deleted the record at `key`.
  mutating func isDeleted(_ key: Key) -> Bool {
    guard let position = position(of: key) else { return false }
    return written[position].value == nil
  }

  /// Where this plan writes `key`.
  private mutating func position(of key: Key) -> Int? {
    while indexedCount < written.count {
      positions[written[indexedCount].key] = indexedCount
      indexedCount += 1
    }
    return positions[key]
  }

  /// The first `limit` records of `range` as the store has them, without this plan's own changes.
  mutating func stored(in range: KeyRange, limit: Int) throws -> [Record] {
    if let scan = reads.scans[range], scan.limit >= limit || scan.records.count < scan.limit {
      return Array(scan.records.prefix(limit))
    }
    unreadScans[range] = max(limit, unreadScans[range] ?? 0)
    throw Unread()
  }

  /// The identifiers with which the last keys of `range` end, newest first, but for those this plan deleted. What it added is
  /// not among them.
  mutating func newest(in range: KeyRange, limit: Int) throws -> [OperationID] {
    guard let scan = reads.reverseScans[range], scan.limit >= limit else {
      unreadReverseScans[range] = limit
      throw Unread()
    }
    return scan.records.prefix(limit).compactMap { isDeleted($0.key) ? nil : QueueLayout.trailingID($0.key) }
  }

  /// The first record of `range` with this plan's own changes, other than `excluded`.
  mutating func first(in range: KeyRange, excluding excluded: Key) throws -> (key: Key, value: [UInt8])? {
    var limit = 4
    var survivor: Record?
    while true {
      let stored = try stored(in: range, limit: limit)
      survivor = stored.first { $0.key != excluded && !isDeleted($0.key) }
      // All that was read may be gone by this plan's own hand, and more may follow.
      guard survivor == nil, stored.count == limit else { break }
      limit *= 4
    }
    var added: Key?
    for (position, mutation) in written.enumerated()
    where mutation.value != nil && mutation.key != excluded && range.contains(mutation.key) {
      // Unless it is written once more.
      guard self.position(of: mutation.key) == position else { continue }
      added = min(mutation.key, added ?? mutation.key)
    }
    guard let first = [survivor?.key, added].compactMap({ $0 }).min() else { return nil }
    if let position = position(of: first), let value = written[position].value { return (first, value) }
    return (first, survivor?.value ?? [])
  }

  /// All records of `range` with this plan's own changes, in order: for mending damage, where cost does not matter.
  mutating func all(in range: KeyRange) throws -> [(key: Key, value: [UInt8])] {
    var values: [Key: [UInt8]] = [:]
    for record in try stored(in: range, limit: .max) { values[record.key] = record.value }
    for write in written where range.contains(write.key) { values[write.key] = write.value }
    return values.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  // MARK: - Writing

  mutating func put(_ key: Key, _ value: [UInt8]) {
    write(key, value)
  }

  mutating func delete(_ key: Key) {
    write(key, nil)
  }

  /// Like `put` and `delete`, without looking whether this plan has written the key before: for keys of which it mostly has not.
  mutating func append(_ mutation: Mutation) {
    written.append(mutation)
  }

  private mutating func write(_ key: Key, _ value: [UInt8]?) {
    hasPut = true
    let mutation = value.map { Mutation.put(key, $0) } ?? .delete(key)
    guard let position = position(of: key) else { return written.append(mutation) }
    undo.append((position, written[position]))
    written[position] = mutation
  }

  /// Adds a caller's own batch, which stands or falls with this plan.
  ///
  /// All companions of a plan are judged as one batch, before any of them changes anything. One that requires a revision
  /// another is about to change would slip through, so it is refused here.
  mutating func join(_ companion: Batch) throws {
    guard !companion.isEmpty else { return }
    if let check = companion.checks.first(where: { companionKeys.contains($0.key) }) {
      throw StoreError.conflict(key: check.key, expected: check.expected, actual: nil)
    }
    companions.append(companion)
    companionKeys.formUnion(companion.mutations.map(\.key))
  }

  // MARK: - Going back

  struct Savepoint {
    fileprivate var writtenCount: Int
    fileprivate var undoCount: Int
    fileprivate var companionCount: Int
  }

  func savepoint() -> Savepoint {
    Savepoint(writtenCount: written.count, undoCount: undo.count, companionCount: companions.count)
  }

  mutating func rollback(to savepoint: Savepoint) {
    if companions.count > savepoint.companionCount {
      companions.removeLast(companions.count - savepoint.companionCount)
      companionKeys = Set(companions.flatMap { $0.mutations.map(\.key) })
    }
    while undo.count > savepoint.undoCount {
      let last = undo.removeLast()
      written[last.position] = last.before
    }
    written.removeLast(written.count - savepoint.writtenCount)
    if indexedCount > written.count {
      positions.removeAll(keepingCapacity: true)
      indexedCount = 0
    }
  }

  /// What was put and deleted (not: appended) under keys that `predicate` holds for, to be kept in memory for the next plan.
  func writes(where predicate: (Key) -> Bool) -> [(key: Key, value: [UInt8]?)] {
    guard hasPut else { return [] }
    return written.compactMap { predicate($0.key) ? ($0.key, $0.value) : nil }
  }
}

extension Mutation {
  /// What is put; `nil` when it deletes.
  fileprivate var value: [UInt8]? {
    switch self {
    case .put(_, let value): value
    case .delete: nil
    }
  }
}
