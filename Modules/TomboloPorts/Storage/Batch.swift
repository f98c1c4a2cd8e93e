/// Checks and changes that are applied together or not at all.
///
///     var batch = Batch()
///     batch.check(key, is: record.revision)
///     batch.put(key, newValue)
///     let results = try await store.commit([batch])
public struct Batch: Hashable, Sendable {
  /// All of them must hold, judged before the first mutation of this batch.
  public var checks: [Check]
  /// Applied in this order; of two for one key the later one stays.
  public var mutations: [Mutation]
  /// What the batch has to have reached when its commit returns; `nil` when the store's own level will do, whatever that is.
  ///
  /// A commit reaches the highest level that one of its batches asks for. A store may always do more; whether it does less or more
  /// than usual on request is told by `StoreCapabilities.heedsBatchDurability`. `none` asks for no more than `normal`: what a batch
  /// asks for never puts at risk what was stored before.
  public var durability: StoreDurability?

  public init(checks: [Check] = [], mutations: [Mutation] = [], durability: StoreDurability? = nil) {
    self.checks = checks
    self.mutations = mutations
    self.durability = durability
  }

  public var isEmpty: Bool { checks.isEmpty && mutations.isEmpty }

  public mutating func put(_ key: Key, _ value: [UInt8]) {
    mutations.append(.put(key, value))
  }

  public mutating func delete(_ key: Key) {
    mutations.append(.delete(key))
  }

  /// Requires that the record at `key` has exactly this revision.
  public mutating func check(_ key: Key, is revision: Revision) {
    checks.append(Check(key: key, expected: revision))
  }

  /// Requires that there is no record at `key`.
  public mutating func checkAbsent(_ key: Key) {
    checks.append(Check(key: key, expected: nil))
  }

  /// Appends the checks and mutations of another batch, so that both stand or fall together. Of two levels of durability the
  /// higher one stays; where only one asks for a level, what the other needs is not known, and the store's own level stands in.
  public mutating func append(_ other: Batch) {
    checks += other.checks
    mutations += other.mutations
    if durability != .full, other.durability != .full {
      durability =
        durability == nil || other.durability == nil ? nil : max(durability ?? .none, other.durability ?? .none)
    } else {
      durability = .full
    }
  }
}

/// What a batch requires of one key.
public struct Check: Hashable, Sendable {
  public var key: Key
  /// The revision the record must have; `nil` when there must be no record.
  public var expected: Revision?

  public init(key: Key, expected: Revision?) {
    self.key = key
    self.expected = expected
  }
}

/// One change of a batch. Deleting what is not there is no error.
public enum Mutation: Hashable, Sendable {
  case put(Key, [UInt8])
  case delete(Key)

  public var key: Key {
    switch self {
    case .put(let key, _), .delete(let key): key
    }
  }
}

/// What became of one batch of a commit.
public enum BatchResult: Sendable {
  /// Applied, and as durable as the store promises. Every record the batch put has this revision.
  case committed(Revision)
  /// Not applied, for a reason of its own: `conflict`, `valueTooLarge`, `keyTooLong`, `batchTooLarge`; `full` when there is
  /// no room for this batch, while others of the same commit found theirs.
  case refused(StoreError)

  /// The revision, or the reason thrown.
  public func get() throws -> Revision {
    switch self {
    case .committed(let revision): return revision
    case .refused(let error): throw error
    }
  }
}
