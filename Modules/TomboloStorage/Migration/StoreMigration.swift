public import TomboloPorts

/// Copies everything from one store into another, of any two engines, and verifies it.
///
///     let report = try await StoreMigration(from: old, named: "sqlite at ./data", to: new).run()
///
/// The source is only read. It is read once to learn what is there and whether the target can hold it; then the records are
/// copied in key order, each chunk in one commit together with the note of how far the copy is; then both stores are read
/// side by side and compared. A run that ends early, by `kill -9` too, is taken up by the next one after its last
/// chunk, and a migration that is done already is verified and reported again.
///
/// Keys and values are kept, and so everything that layers keep in them: order, attempts, due times, counts. Revisions are
/// not: each store assigns its own, and no layer stores one.
///
/// Nothing else may write to either store meanwhile. What was written to the source is found by the verification.
public struct StoreMigration: Sendable {
  private let source: any KeyValueStore
  private let sourceName: String
  private let target: any KeyValueStore
  private let onProgress: @Sendable (MigrationProgress) -> Void

  /// - Parameters:
  ///   - sourceName: What the source is called, for messages, and to tell whether an unfinished copy in the target is of
  ///     this source. Engine and path, say.
  ///   - onProgress: Called after every chunk.
  public init(
    from source: any KeyValueStore, named sourceName: String, to target: any KeyValueStore,
    onProgress: @escaping @Sendable (MigrationProgress) -> Void = { _ in }
  ) {
    self.source = source
    self.sourceName = sourceName
    self.target = target
    self.onProgress = onProgress
  }

  /// Runs it to its end.
  ///
  /// - Throws: `MigrationError`, or the `StoreError` of either store. A cancelled run throws `CancellationError`, and can be
  ///   taken up again like one that was killed.
  public func run() async throws -> MigrationReport {
    guard try await source.get(ReservedKeys.migration) == nil else {
      throw MigrationError(
        .sourceUnfinished,
        "the source, \(sourceName), is itself the target of a migration that has not ended; finish that one first")
    }
    let found = try await mark()
    let survey = try await survey()
    var mark = MigrationMark(source: sourceName, survey: survey)
    if let found {
      try requireSame(found, mark)
      mark = found
    } else if let first = try await target.scan(.all, limit: 1).first {
      return try await completed(survey, first: first.key)
    }
    let countBefore = mark.recordCount
    try await copy(&mark, survey)
    try await verify(survey)
    try await commit(Batch(mutations: [.delete(ReservedKeys.migration)]))
    return MigrationReport(
      recordCount: survey.recordCount, byteCount: survey.byteCount, digest: survey.digest,
      recordCountCopied: mark.recordCount - countBefore)
  }

  /// The mark of an earlier run.
  private func mark() async throws -> MigrationMark? {
    guard let record = try await target.get(ReservedKeys.migration) else { return nil }
    do {
      return try MigrationMark(record.value)
    } catch {
      throw MigrationError(
        .damaged, key: record.key, cause: error,
        "the target holds the note of a migration that cannot be read; remove the target and begin again")
    }
  }

  private func requireSame(_ found: MigrationMark, _ wanted: MigrationMark) throws {
    guard found.source == wanted.source else {
      throw MigrationError(
        .otherMigration,
        "the target holds \(found.recordCount) of \(found.recordCountTotal) records of another source, "
          + "\(found.source), not \(wanted.source); finish that migration, or name an empty target")
    }
    guard found.digest == wanted.digest else {
      throw MigrationError(
        .sourceChanged,
        "the source, \(sourceName), has changed since the copy began (\(found.recordCountTotal) records then, "
          + "\(wanted.recordCountTotal) now); remove the target and begin again")
    }
  }

  /// A target with records and without a mark is good only when the migration has ended before.
  private func completed(_ survey: ContentSurvey, first: Key) async throws -> MigrationReport {
    do {
      try await verify(survey)
    } catch let error as MigrationError where error.code == .verificationFailed {
      throw MigrationError(
        .targetNotEmpty, key: first, cause: error,
        "the target is not empty, its first key is \(first), and what it holds is not a copy of \(sourceName); "
          + "name an empty target")
    }
    return MigrationReport(
      recordCount: survey.recordCount, byteCount: survey.byteCount, digest: survey.digest, recordCountCopied: 0)
  }
}

extension StoreMigration {
  /// Reads the source, and refuses what the target could not hold before anything is written.
  private func survey() async throws -> ContentSurvey {
    let limits = target.capabilities
    var survey = ContentSurvey()
    var reader = RecordReader(source)
    while let records = try await reader.chunk() {
      for record in records {
        if let refusal = limits.refusal(of: Batch(mutations: [.put(record.key, record.value)]), after: 0) {
          throw MigrationError(
            .doesNotFit, key: record.key, cause: refusal,
            "a record of \(sourceName) does not fit into the target; choose another engine")
        }
        survey.add(record)
      }
      tell(.surveying, survey.recordCount, survey.byteCount, nil)
    }
    return survey
  }

  private func copy(_ mark: inout MigrationMark, _ survey: ContentSurvey) async throws {
    // One mutation of each commit is the mark.
    let room = max(1, target.capabilities.mutationCountMaximum - 1)
    // Never more than a twentieth at once: so that progress shows, and a run that is interrupted has little to repeat.
    let step = max(16, survey.recordCount / 20)
    var reader = RecordReader(
      source, from: mark.lastKey?.following ?? Key([]), recordCountMaximum: min(room, step))
    while let records = try await reader.chunk() {
      for record in records {
        mark.recordCount += 1
        mark.byteCount += record.key.bytes.count + record.value.count
      }
      mark.lastKey = records.last?.key
      var batch = Batch(mutations: records.map { .put($0.key, $0.value) })
      batch.put(ReservedKeys.migration, mark.encoded)
      try await commit(batch)
      tell(.copying, mark.recordCount, mark.byteCount, survey)
    }
  }

  /// Reads both stores side by side. Also finds what was written to the source meanwhile.
  private func verify(_ survey: ContentSurvey) async throws {
    var comparison = RecordComparison(source, target)
    var seen = ContentSurvey()
    while let records = try await comparison.chunk() {
      for record in records { seen.add(record) }
      tell(.verifying, seen.recordCount, seen.byteCount, survey)
    }
    guard seen.digest == survey.digest else {
      throw MigrationError(
        .sourceChanged,
        "the source, \(sourceName), has changed while it was copied; stop what writes to it, remove the "
          + "target and begin again")
    }
  }

  private func commit(_ batch: Batch) async throws {
    for result in try await target.commit([batch]) { _ = try result.get() }
  }

  private func tell(_ phase: MigrationProgress.Phase, _ records: Int, _ bytes: Int, _ total: ContentSurvey?) {
    onProgress(
      MigrationProgress(
        phase: phase, recordCount: records, byteCount: bytes, recordCountTotal: total?.recordCount ?? 0,
        byteCountTotal: total?.byteCount ?? 0))
  }
}
