import Synchronization
import TomboloPorts

/// A small durable store that keeps every promise but one; with no flaw, it keeps all.
final class FlawedStore: KeyValueStore {
  private struct State {
    var contents: FlawedContents
    /// Before the last commit.
    var former: FlawedContents
    var isClosed = false
    var callCount = 0
  }

  let capabilities: StoreCapabilities
  private let disk: FlawedDisk
  private let flaw: Flaw?
  private let state: Mutex<State>

  init(_ disk: FlawedDisk, _ flaw: Flaw?) throws {
    let contents = try disk.state.withLock { state in
      guard !state.isHeld || flaw == .secondOpenIsAllowed else { throw StoreError(.inUse, "it is open") }
      state.isHeld = true
      state.openCount += 1
      return state
    }
    self.disk = disk
    self.flaw = flaw
    let keyByteCountMaximum = flaw == .capabilitiesChange ? 63 + contents.openCount : 64
    capabilities = StoreCapabilities(
      isDurable: true, isShareable: false, keyByteCountMaximum: keyByteCountMaximum, valueByteCountMaximum: 65_536,
      mutationCountMaximum: 1_000)
    var opened = flaw == .forgetsEverything ? FlawedContents() : contents.contents
    if flaw == .forgetsEverything { opened.lastRevision = contents.contents.lastRevision }
    if flaw == .revisionsRestartFromRecords {
      opened.lastRevision = opened.records.values.map(\.revision.rawValue).max() ?? 0
    }
    state = Mutex(State(contents: opened, former: opened))
  }

  // MARK: The port

  func get(_ keys: [Key]) async throws -> [Record?] {
    try await enter()
    defer { leave() }
    guard flaw == .tornGet, keys.count > 1 else { return try read { try $0.get(keys, flaw) } }
    var records: [Record?] = []
    for key in keys {
      records += try read { try $0.get([key], flaw) }
      await Task.yield()
    }
    return records
  }

  func scan(_ range: KeyRange, reverse: Bool, limit: Int) async throws -> [Record] {
    try await enter()
    defer { leave() }
    let found = try read { $0.scan(range, reverse: reverse, limit: limit, flaw) }
    guard flaw == .tornScan, found.count > 1, found.count < 100 else { return found }
    var records: [Record] = []
    for record in found {
      records += try read { try $0.get([record.key], flaw) }.compactMap(\.self)
      await Task.yield()
    }
    return records
  }

  func commit(_ batches: [Batch]) async throws -> [BatchResult] {
    try await enter()
    defer { leave() }
    switch flaw {
    case .errorForAppliedCommit:
      let results = try write(batches)
      for _ in 0..<6 { await Task.yield() }
      try Task.checkCancellation()
      return results
    case .cancellationCutsCommit:
      var results: [BatchResult] = []
      for batch in batches {
        try Task.checkCancellation()
        results += try write([batch])
        if batches.count == 5 { await Task.yield() }
      }
      return results
    case .tornCommit where batches.count == 1 && batches[0].checks.isEmpty && batches[0].mutations.count == 20:
      for mutation in batches[0].mutations.dropLast() {
        _ = try write([Batch(mutations: [mutation])])
        await Task.yield()
      }
      return try write(batches)
    case .checkThenApply:
      for batch in batches {
        for check in batch.checks {
          let actual = try read { $0.records[check.key]?.revision }
          guard actual != check.expected else { continue }
          guard batches.count == 1 else { break }
          return [.refused(.conflict(key: check.key, expected: check.expected, actual: actual))]
        }
      }
      if batches.count == 1 { for _ in 0..<3 { await Task.yield() } }
      return try write(batches)
    case .closedForAppliedCommit:
      let results = try write(batches)
      guard await isClosedSoon(batches) else { return results }
      throw StoreError(.closed, "it was closed")
    case .closingLosesCommits:
      guard await isClosedSoon(batches) else { return try write(batches) }
      return batches.map { _ in .committed(Revision(rawValue: 1)) }
    default: return try write(batches)
    }
  }

  func close() async throws {
    let closing = try state.withLock { state -> FlawedContents? in
      if state.isClosed, flaw == .closingTwiceFails { throw StoreError(.closed, "it was closed") }
      defer { state.isClosed = true }
      return state.isClosed ? nil : state.contents
    }
    guard let closing, flaw != .lockIsKept else { return }
    disk.state.withLock { state in
      state.isHeld = false
      if flaw == .durableOnlyAfterClose || flaw == .revisionsAreSavedAtClose { state.contents = closing }
    }
  }

  // MARK: Inside

  private func enter() async throws {
    switch flaw {
    case .cancellationIsIgnored: break
    case .cancellationHasAnotherError where Task.isCancelled: throw StoreError(.engine, "interrupted")
    default: try Task.checkCancellation()
    }
    try state.withLock { state in
      guard !state.isClosed || flaw == .worksAfterClose else { throw StoreError(.closed, "it was closed") }
      if flaw == .oneCallAtATime, state.callCount > 0 { throw StoreError(.engine, "busy") }
      state.callCount += 1
    }
    if flaw == .oneCallAtATime { await Task.yield() }
  }

  /// Gives `close` a chance to come between, for the commits of a rule that closes beside them.
  private func isClosedSoon(_ batches: [Batch]) async -> Bool {
    guard batches.first?.mutations.first?.key.hasPrefix(Key("round ")) == true else { return false }
    for _ in 0..<40 {
      if state.withLock({ $0.isClosed }) { return true }
      await Task.yield()
    }
    return false
  }

  private func leave() {
    state.withLock { $0.callCount -= 1 }
  }

  private func read<Value>(_ body: (FlawedContents) throws -> Value) throws -> Value {
    let contents = try state.withLock { state in
      guard !state.isClosed || flaw == .worksAfterClose else { throw StoreError(.closed, "it was closed") }
      return flaw == .readsAreOneCommitBehind ? state.former : state.contents
    }
    return try body(contents)
  }

  private func write(_ batches: [Batch]) throws -> [BatchResult] {
    try state.withLock { state in
      guard !state.isClosed || flaw == .worksAfterClose else { throw StoreError(.closed, "it was closed") }
      state.former = state.contents
      let results = state.contents.commit(batches, within: capabilities, flaw)
      save(state.contents, after: state.former, batches, results)
      return results
    }
  }

  /// Brings a commit to the disk, as far as the flaw lets it.
  private func save(
    _ contents: FlawedContents, after former: FlawedContents, _ batches: [Batch], _ results: [BatchResult]
  ) {
    disk.state.withLock { state in
      var saved = contents
      switch flaw {
      case .durableOnlyAfterClose: return
      case .losesTheLastCommit: saved.records = former.records
      case .forgetsDeletes: saved.records.merge(state.contents.records) { new, _ in new }
      case .revisionsAreSavedAtClose: saved.lastRevision = contents.records.values.map(\.revision.rawValue).max() ?? 0
      case .refusedBatchComesBack:
        for (batch, result) in zip(batches, results) {
          guard case .refused(let error) = result, error.code == .conflict else { continue }
          saved.apply(batch.mutations, Revision(rawValue: contents.lastRevision), nil)
        }
      case .crashCutsBigCommit where batches.count > 100:
        saved = former
        _ = saved.commit(Array(batches.prefix(100)), within: capabilities, nil)
        saved.lastRevision = contents.lastRevision
      default: break
      }
      state.contents = saved
    }
  }
}
