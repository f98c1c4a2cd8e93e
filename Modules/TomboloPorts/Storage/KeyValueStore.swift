/// An ordered, transactional key-value engine: the one port that every storage plugin implements.
///
/// The sentences below are the contract. Each holds for every store; where stores differ, `capabilities` says how. Those that need
/// no failing disk are rules of the conformance suite, and the others are tested with every engine.
///
/// **Reading.** `get` and `scan` see every commit that returned before they were called, and never a part of a batch. All
/// records of one call come from one moment.
///
/// **Writing.** A batch is applied completely or not at all. The batches of one commit are judged one after the other, in
/// their order: a later one sees what an earlier one of the same call did, and nothing of one that was refused. A check that
/// fails refuses its own batch and no other. When `commit` returns, every batch reported as committed is as durable as the
/// store is configured to make it.
///
/// **Failing.** When `commit` throws, none of its batches was applied, with one exception: `StoreError.Code.outcomeUnknown`
/// says that this cannot be known. A store that finds its data damaged refuses with `damaged` and says where and what to
/// do; it never starts empty over damaged data.
///
/// After `outcomeUnknown` a store says nothing that may turn out otherwise. Either it finds out what became of the commit, and then
/// what is read is so and stays so; or it refuses every read and commit with `closed` until it is opened again, and what is read then is
/// so. Either way the caller reads before it writes again.
///
/// **Full.** A disk without room refuses with `full` and loses nothing: either `commit` throws it and has applied nothing, or
/// it refuses single batches with it (`BatchResult.refused`) and applies the others. It never prevents settling: a durable
/// store keeps a bounded reserve for commits whose every batch is shrinking, which means that it puts at most 1 KiB
/// of keys and values for each record it deletes (`Batch.isShrinking` of `TomboloStorage`).
///
/// **Concurrency.** Every method may be called from any number of tasks at once. Blocking I/O has a
/// thread of its own; a call that is expected to be quick may be made on Swift's cooperative thread pool, by `SerialThreadExecutor` of
/// `TomboloStorage` alone, which makes one at a time in the whole process.
///
/// **Cancellation.** A call made by a task that is cancelled already throws `CancellationError`, and writes nothing. A task
/// cancelled during its call gets `CancellationError` before anything was written, or the complete result: never half a
/// commit, and never an error for a commit that was applied.
public protocol KeyValueStore: Closable {
  var capabilities: StoreCapabilities { get }

  /// The records at `keys`, in the order of `keys`, as often as they are asked for; `nil` where there is none. Any number of
  /// keys may be asked for, none included, and a key longer than the store's limit has no record.
  func get(_ keys: [Key]) async throws -> [Record?]

  /// Up to `limit` records of `range` in key order, or in the opposite order when `reverse` is true. A `limit` of zero or
  /// less, and an empty range, give no records. However many they are, they come in this one call.
  func scan(_ range: KeyRange, reverse: Bool, limit: Int) async throws -> [Record]

  /// Applies `batches` with one physical transaction and answers for each of them, in their order.
  func commit(_ batches: [Batch]) async throws -> [BatchResult]

  /// Gives up the engine and its locks: a durable store can be opened again at once. Calls under way end first; later ones
  /// throw `closed`. A commit answered as committed is committed, and one that throws `closed` is not. Closing twice is no
  /// error.
  func close() async throws
}

extension KeyValueStore {
  /// The record at `key`, or `nil`.
  public func get(_ key: Key) async throws -> Record? {
    try await get([key]).first ?? nil
  }

  /// Up to `limit` records of `range` in key order.
  public func scan(_ range: KeyRange, limit: Int) async throws -> [Record] {
    try await scan(range, reverse: false, limit: limit)
  }
}
