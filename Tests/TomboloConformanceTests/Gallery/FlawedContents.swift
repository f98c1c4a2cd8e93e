import TomboloPorts
import TomboloStorage

/// The records of a `FlawedStore` and how it reads and changes them; a value, without locks, tasks or files.
struct FlawedContents: Sendable {
  var records: [Key: Record] = [:]
  var lastRevision: UInt64 = 0

  // MARK: Reading

  func get(_ keys: [Key], _ flaw: Flaw?) throws -> [Record?] {
    switch flaw {
    case .getDropsDuplicates:
      var seen: Set<Key> = []
      return keys.filter { seen.insert($0).inserted }.map { records[$0] }
    case .getAnswersInKeyOrder: return keys.sorted().map { records[$0] }
    case .getStopsAfterManyKeys: return keys.enumerated().map { $0.offset < 999 ? records[$0.element] : nil }
    case .getOfNothingFails where keys.isEmpty: throw StoreError(.engine, "no keys")
    case .emptyValueIsAbsent: return keys.map { key in records[key].flatMap { $0.value.isEmpty ? nil : $0 } }
    default: return keys.map { records[$0] }
    }
  }

  func scan(_ range: KeyRange, reverse: Bool, limit: Int, _ flaw: Flaw?) -> [Record] {
    var limit = limit
    if limit < 0, flaw == .negativeLimitMeansAll { limit = .max }
    guard limit > 0 else { return [] }
    let isAll = range.isEmpty && flaw == .emptyRangeMeansAll
    var found = records.values.filter { isAll || Self.contains(range, $0.key, reverse, flaw) }
    switch flaw {
    case .signedOrder:
      found.sort { left, right in
        left.key.bytes.lexicographicallyPrecedes(right.key.bytes) { Int8(bitPattern: $0) < Int8(bitPattern: $1) }
      }
    case .shorterKeysFirst:
      found.sort { ($0.key.bytes.count, $0.key) < ($1.key.bytes.count, $1.key) }
    default: found.sort { $0.key < $1.key }
    }
    if reverse, flaw == .reverseLimitTakesTheFirst { found = Array(found.prefix(limit)) }
    if reverse, flaw != .reverseIsIgnored { found.reverse() }
    if flaw == .scanStopsAfterAPage { limit = min(limit, 1_000) }
    if flaw == .scanForgetsRevisions {
      found = found.map { Record(key: $0.key, value: $0.value, revision: .init(rawValue: 0)) }
    }
    if reverse, flaw == .reverseIgnoresLimit { return found }
    return Array(found.prefix(limit))
  }

  private static func contains(_ range: KeyRange, _ key: Key, _ reverse: Bool, _ flaw: Flaw?) -> Bool {
    switch flaw {
    case .lowerIsExcluded: key > range.lower && range.contains(key)
    case .upperIsIncluded: range.contains(key) || (!range.isEmpty && key == range.upper)
    case .reverseUpperIsIncluded: range.contains(key) || (reverse && !range.isEmpty && key == range.upper)
    case .endIsAt0xFF: range.contains(key) && (range.upper != nil || key < Key([0xFF]))
    default: range.contains(key)
    }
  }

  // MARK: Writing

  mutating func commit(_ batches: [Batch], within capabilities: StoreCapabilities, _ flaw: Flaw?) -> [BatchResult] {
    let before = self
    var ghost = self
    var results: [BatchResult] = []
    var mutationCount = 0
    let commitRevision = lastRevision + 1
    for batch in batches {
      let counted = flaw == .mutationLimitIsPerBatch ? 0 : mutationCount
      let judged =
        switch flaw {
        case .checksSeeTheStateBeforeTheCommit: before
        case .checksSeeRefusedBatches: ghost
        case .checksAreJudgedAfterMutations: applying(batch)
        default: self
        }
      if let refusal = limitRefusal(of: batch, after: counted, capabilities, flaw) ?? judged.conflict(of: batch, flaw) {
        results.append(.refused(refusal))
        ghost.apply(batch.mutations, Revision(rawValue: .max), flaw)
        takeRefusal(of: batch, flaw)
        if flaw == .oneRefusalRefusesAll && refusal.code == .conflict
          || flaw == .limitRefusesAll && refusal.code != .conflict
        {
          self = before
          return batches.map { _ in .refused(refusal) }
        }
        continue
      }
      lastRevision += 1
      var revision = Revision(rawValue: flaw == .oneRevisionACommit ? commitRevision : lastRevision)
      if flaw == .revisionsCountPerKey, let key = batch.mutations.first?.key {
        revision = Revision(rawValue: (records[key]?.revision.rawValue ?? 0) + 1)
      }
      var rest = flaw == .bigCommitIsCut ? max(0, 600 - mutationCount) : .max
      if flaw == .hastyBatchIsDropped, batch.durability == StoreDurability.none { rest = 0 }
      apply(Array(batch.mutations.prefix(rest)), revision, flaw)
      ghost.apply(batch.mutations, revision, flaw)
      mutationCount += batch.mutations.count
      if flaw == .resultRevisionIsWrong { revision.rawValue += 1_000_000 }
      if flaw == .sameValueKeepsRevision, let key = batch.mutations.last?.key, let kept = records[key]?.revision {
        revision = kept
      }
      results.append(.committed(revision))
    }
    if flaw == .refusalsAreAnsweredLast {
      results = results.filter { (try? $0.get()) != nil } + results.filter { (try? $0.get()) == nil }
    }
    return results
  }

  private func applying(_ batch: Batch) -> FlawedContents {
    var copy = self
    copy.apply(batch.mutations, Revision(rawValue: .max), nil)
    return copy
  }

  /// What the flaws do that let a refused batch leave traces.
  private mutating func takeRefusal(of batch: Batch, _ flaw: Flaw?) {
    if flaw == .refusedBatchLeavesItsFirstMutation {
      apply(Array(batch.mutations.prefix(1)), Revision(rawValue: lastRevision), flaw)
    }
    if flaw == .refusalChangesRevision {
      lastRevision += 1
      for key in batch.mutations.map(\.key) { records[key]?.revision = Revision(rawValue: lastRevision) }
    }
  }

  mutating func apply(_ mutations: [Mutation], _ revision: Revision, _ flaw: Flaw?) {
    var seen: Set<Key> = []
    for mutation in mutations {
      if flaw == .firstMutationWins, !seen.insert(mutation.key).inserted { continue }
      if flaw == .emptyKeyIsDropped, mutation.key.bytes.isEmpty { continue }
      switch mutation {
      case .put(var key, var value):
        if flaw == .longestKeyIsCut { key = Key(Array(key.bytes.prefix(63))) }
        if flaw == .largestValueIsCut { value = Array(value.prefix(65_535)) }
        if flaw == .valueEndsAtZero { value = Array(value.prefix { $0 != 0 }) }
        if flaw == .sameValueKeepsRevision, records[key]?.value == value { continue }
        records[key] = Record(key: key, value: value, revision: revision)
      case .delete(let key): records[key] = nil
      }
    }
  }

  // MARK: Judging

  private func conflict(of batch: Batch, _ flaw: Flaw?) -> StoreError? {
    if flaw == .checksAreIgnored || flaw == .checkThenApply { return nil }
    if flaw == .checksWithoutMutationsAreIgnored, batch.mutations.isEmpty { return nil }
    let checks =
      switch flaw {
      case .onlyFirstCheckCounts: Array(batch.checks.prefix(1))
      case .onlyLastCheckCounts: Array(batch.checks.suffix(1))
      default: batch.checks
      }
    for check in checks {
      let actual = records[check.key]?.revision
      if actual == check.expected { continue }
      if flaw == .absenceIsIgnored, check.expected == nil { continue }
      if flaw == .newerRevisionPasses, let actual, let expected = check.expected, actual.rawValue > expected.rawValue {
        continue
      }
      var error = StoreError.conflict(key: check.key, expected: check.expected, actual: actual)
      if flaw == .conflictTellsNothing { error = StoreError(.conflict, "the record changed") }
      if flaw == .conflictTellsWrongRevision { error.actual = check.expected }
      if flaw == .messageHoldsValue, case .put(_, let value)? = batch.mutations.first {
        error.message += " and not " + String(decoding: value, as: UTF8.self)
      }
      return error
    }
    if flaw == .deletingAbsentFails {
      for case .delete(let key) in batch.mutations where records[key] == nil {
        return StoreError(.engine, "nothing there")
      }
    }
    if flaw == .emptyBatchFails, batch.isEmpty { return StoreError(.engine, "nothing to do") }
    return nil
  }

  private func limitRefusal(of batch: Batch, after mutationCount: Int, _ capabilities: StoreCapabilities, _ flaw: Flaw?)
    -> StoreError?
  {
    var capabilities = capabilities
    var batch = batch
    switch flaw {
    case .keyLimitIsIgnored: capabilities.keyByteCountMaximum = .max
    case .valueLimitIsIgnored: capabilities.valueByteCountMaximum = .max
    case .mutationLimitIsOffByOne: capabilities.mutationCountMaximum -= 1
    case .keyLimitIsForPutsOnly:
      batch.checks = []
      batch.mutations = batch.mutations.map { if case .delete = $0 { .delete(Key([])) } else { $0 } }
    default: break
    }
    return capabilities.refusal(of: batch, after: mutationCount)
  }
}
