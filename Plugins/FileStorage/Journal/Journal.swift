import TomboloPorts
import TomboloStorage

/// The journal of an open store: appends commits, keeps room for what must not fail, and gives old segments back.
///
/// Used by one thread at a time. Nothing of a commit is visible in the index before it is as durable as configured.
final class Journal {
  /// A file of the journal.
  struct Segment {
    var number: UInt64
    var file: OpenFile
    /// Behind its last frame.
    var byteCount: Int
  }

  let location: JournalLocation
  let files: any FileSystem
  let durability: StoreDurability
  /// What the commit under way has to reach.
  private var wanted: StoreDurability
  let options: FileStoreOptions
  let index: FileIndex
  let warn: @Sendable (String) -> Void
  let reserve: JournalReserve

  /// The segments before the one that is written, the oldest first.
  var older: [Segment]
  /// The one that is written.
  var current: Segment
  let salt: UInt64
  var epoch: UInt64
  var nextSequence: UInt64
  /// How long the file of `current` is: zeroes follow its last frame up to there.
  var roomEnd: Int
  /// Up to where `current` was flushed.
  var durableByteCount: Int
  var revisionCounter: UInt64 = 0
  /// Why nothing can be written any more.
  var defect: StoreError?
  /// Where copying out of the oldest segment goes on.
  var cleaning = CleaningCursor()
  /// Whether the oldest segment is damaged, so that nothing is copied out of it.
  var isCleaningBroken = false
  /// Whether a failure to read it was told already.
  var isCleaningFailureTold = false
  /// Segments that are no longer needed and could not be removed.
  private(set) var unremoved: [String] = []
  private let note: OpenFile
  private var isNoteBroken = false

  init(
    location: JournalLocation, files: any FileSystem, durability: StoreDurability, options: FileStoreOptions,
    index: FileIndex, warn: @escaping @Sendable (String) -> Void, replayed: JournalReplay, reserve: JournalReserve,
    note: OpenFile
  ) {
    self.location = location
    self.files = files
    self.durability = durability
    wanted = durability
    self.options = options
    self.index = index
    self.warn = warn
    self.reserve = reserve
    self.note = note
    older = replayed.older
    current = replayed.current
    salt = replayed.salt
    epoch = replayed.epoch
    nextSequence = replayed.nextSequence
    roomEnd = replayed.roomEnd
    durableByteCount = replayed.durableByteCount
  }

  /// The number of the oldest segment.
  var front: UInt64 { older.first?.number ?? current.number }

  /// What all segments take, without the room that is not yet used.
  var byteCount: Int { older.reduce(current.byteCount) { $0 + $1.byteCount } }

  /// How long a segment becomes: longer with more data, so that there are never very many.
  private var segmentByteCountMaximum: Int { max(options.segmentByteCount, index.liveByteCount / 128) }

  func nextRevision() -> Revision {
    revisionCounter += 1
    return Revision(rawValue: epoch << 40 | revisionCounter)
  }

  /// - Throws: `closed` after a failure that leaves unknown what the disk holds, so that whoever works on the store ends and
  ///   opens it again instead of trying for ever.
  private func requireIntact() throws {
    if let defect {
      throw StoreError(
        .closed,
        "\(location.folder): the store closed itself, because an earlier write failed; look at the disk, and open it again",
        cause: defect)
    }
  }

  /// Judges the batches and applies those that hold.
  ///
  /// - Throws: `full` or `engine` when nothing was applied, `outcomeUnknown` when that cannot be known; `closed` ever after.
  func commit(_ batches: [Batch], within capabilities: StoreCapabilities) throws -> [BatchResult] {
    try requireIntact()
    var judge = BatchJudge(index: index, capabilities: capabilities, batchCount: batches.count)
    let results = batches.map { judge.judge($0, revision: nextRevision) }
    guard !judge.accepted.isEmpty else { return results }
    wanted = batches.durability(own: durability)
    defer { wanted = durability }
    if judge.isShrinking {
      try appendShrinking(judge.accepted)
    } else {
      try appendGrowing(judge.accepted)
    }
    return results
  }

  /// How long the frames of these batches are.
  static func byteCount(of batches: [[JournalChange]]) -> Int {
    batches.reduce(0) { $0 + FrameEncoder.byteCount(of: $1) }
  }

  /// Appends a frame for each batch, makes them as durable as configured, and publishes them.
  ///
  /// - Parameters:
  ///   - isShrinking: Whether the reserve may be used.
  ///   - copyByteCount: How much is copied out of the oldest segment at least, when cleaning is due.
  /// - Returns: How much was copied.
  /// - Throws: `full` or `engine` when nothing was applied, `outcomeUnknown` when that cannot be known.
  @discardableResult
  func append(_ batches: [[JournalChange]], isShrinking: Bool, copyByteCount: Int? = nil) throws -> Int {
    try requireIntact()
    try startSegmentWhenDue()
    let byteCount = Self.byteCount(of: batches)
    let position = cleaning
    let copies = try makeRoom(
      for: byteCount, isShrinking: isShrinking, beside: batches, copyByteCount: copyByteCount ?? options.copyByteCount)
    var encoder = FrameEncoder(
      salt: salt, number: current.number, base: current.byteCount, durableByteCount: durableByteCount,
      nextSequence: nextSequence)
    encoder.reserveCapacity(byteCount + copies.byteCount)
    var frames = batches.map { ($0, encoder.append(.batch, $0)) }
    if !copies.changes.isEmpty { frames.append((copies.changes, encoder.append(.relocation, copies.changes))) }
    if copies.isComplete { encoder.append(JournalMark(epoch: epoch, front: front + 1)) }
    guard !encoder.bytes.isEmpty else { return 0 }
    var published: [FileIndex.Change] = []
    do {
      try write(encoder, mustFlush: copies.isComplete) {
        published.reserveCapacity(frames.reduce(0) { $0 + $1.0.count })
        for (changes, places) in frames { append(changes, at: places, to: &published) }
        if let revision = batches.first?.first?.revision { published = index.prepare(published, from: revision) }
      }
    } catch {
      // What was to be copied was not, and must be before its segment goes.
      cleaning = position
      throw error
    }
    index.publish(published)
    if copies.isComplete { removeFront() }
    return copies.byteCount
  }

  /// Appends what the changes of a frame are for the index.
  private func append(
    _ changes: [JournalChange], at places: [FrameEncoder.ValuePlace], to published: inout [FileIndex.Change]
  ) {
    for (change, place) in zip(changes, places) {
      guard let value = change.value else {
        published.append((change.key, nil))
        continue
      }
      let isShort = value.count <= FileIndex.inlineByteCountMaximum
      published.append(
        (
          change.key,
          FileIndex.Entry(
            revision: change.revision, segment: current.number, file: current.file, offset: place.offset,
            byteCount: value.count, checksum: place.checksum, inline: isShort ? value : nil)
        ))
    }
  }

  /// Writes what was encoded into the room that was made for it.
  ///
  /// - Parameter meanwhile: Done once, behind the write and before the flush; not when the write failed. A flush waits for what was written, and
  ///   then for the disk's cache: begun when the disk has the first already, it waits for the second alone.
  func write(_ encoder: FrameEncoder, mustFlush: Bool, meanwhile: () -> Void = {}) throws {
    do {
      try current.file.write(encoder.bytes, at: current.byteCount)
    } catch {
      try takeBack(encoder.bytes.count, after: error)
    }
    let end = current.byteCount + encoder.bytes.count
    let isFlushDue = wanted == .normal && end - durableByteCount >= options.unflushedByteCountMaximum
    if wanted == .full || mustFlush || isFlushDue {
      do {
        try current.file.beginWriting(encoder.bytes.count, at: current.byteCount)
        meanwhile()
        try current.file.synchronize()
      } catch {
        throw fail(error, "making a commit durable")
      }
      durableByteCount = end
    } else {
      meanwhile()
    }
    current.byteCount = end
    nextSequence = encoder.nextSequence
    acknowledge()
  }

  /// Puts zeroes back where a write failed half way, durably, so that nothing of it can come back.
  private func takeBack(_ byteCount: Int, after failure: SystemFailure) throws -> Never {
    do {
      let written = min(byteCount, max(0, roomEnd - current.byteCount))
      try current.file.write([UInt8](repeating: 0, count: written), at: current.byteCount)
      try current.file.synchronize()
    } catch {
      throw fail(failure, "taking back a write that failed")
    }
    throw failure.storeError(current.file.path, "writing a commit; nothing of it was applied")
  }

  /// Ends all writing, and all reading of what may turn out not to be so: what the disk holds now is not known.
  private func fail(_ failure: SystemFailure, _ action: String) -> StoreError {
    let error = StoreError(
      .outcomeUnknown,
      "\(current.file.path): whether the commit was applied cannot be known, because \(action) failed; the store takes no "
        + "more commits: look at the disk, open it again, and read before writing", cause: failure)
    defect = error
    index.refuse(
      StoreError(
        .closed,
        "\(location.folder): the store closed itself; whether the last commit was applied is known only when it is opened again: "
          + "look at the disk, and open it", cause: error))
    return error
  }

  /// Notes how far the journal is acknowledged. A note that cannot be written costs knowledge after a crash and no data.
  func acknowledge() {
    let acknowledgement = Acknowledgement(
      salt: salt, number: current.number, writtenByteCount: current.byteCount, durableByteCount: durableByteCount,
      bootIdentifier: files.bootIdentifier)
    do {
      try note.write(acknowledgement.encoded(), at: 0)
      isNoteBroken = false
    } catch {
      if !isNoteBroken {
        warn("\(note.path) cannot be written (\(error)); until it can, damage to the newest commits may go unnoticed")
      }
      isNoteBroken = true
    }
  }

  /// Flushes everything, the note included; nothing after a failure that ended all writing, which was told when it happened.
  func finish() throws {
    guard defect == nil else { return }
    do {
      if durableByteCount < current.byteCount { try current.file.synchronize() }
      durableByteCount = current.byteCount
      acknowledge()
      try note.synchronize()
    } catch {
      throw fail(error, "closing the journal")
    }
  }

  // MARK: Segments

  private func startSegmentWhenDue() throws {
    guard current.byteCount >= segmentByteCountMaximum else { return }
    do {
      if durableByteCount < current.byteCount { try current.file.synchronize() }
    } catch {
      throw fail(error, "making a segment durable")
    }
    durableByteCount = current.byteCount
    let header = SegmentHeader(
      number: current.number + 1, salt: salt, firstSequence: nextSequence, epoch: epoch, front: front)
    let segment: Segment
    do {
      guard let created = try createdSegment(header) else { return }
      segment = created
    } catch let error as SegmentCreation.Unsure {
      let error = StoreError(
        .engine,
        "\(location.segment(header.number)): whether this new segment is durable cannot be known; nothing of the commit was "
          + "applied, and the store takes no more commits: look at the disk, and open it again", cause: error.failure)
      defect = error
      throw error
    }
    giveBackRoom()
    older.append(current)
    current = segment
    durableByteCount = segment.byteCount
    roomEnd = SegmentCreation.byteCount(options)
    acknowledge()
  }

  /// `nil` when there is no room for it: the present one goes on as long as its room lasts.
  ///
  /// It is tried twice. A disk that is full for a moment would otherwise make the present one longer than the reserve was made for.
  private func createdSegment(_ header: SegmentHeader) throws -> Segment? {
    for _ in 0..<2 {
      do {
        return try SegmentCreation.create(header, at: location, options: options, files: files)
      } catch let error as StoreError where error.code == .full {
        continue
      }
    }
    return nil
  }

  /// Cuts the unused room off a segment that is complete. It is only room, so failing to is told and no more.
  private func giveBackRoom() {
    do {
      try current.file.truncate(to: current.byteCount)
    } catch {
      warn("\(current.file.path): its unused room could not be given back (\(error))")
    }
  }

  /// Removes the oldest segment, whose records were all copied or replaced, durably.
  private func removeFront() {
    guard !older.isEmpty else { return }
    let removed = older.removeFirst()
    cleaning = CleaningCursor()
    index.forget(segment: removed.number)
    unremoved.append(removed.file.path)
    removeUnneeded()
  }

  /// Removes what is no longer needed, and what could not be removed before: its room may be what settling waits for.
  func removeUnneeded() {
    unremoved.removeAll { path in
      do {
        try files.remove(path)
        return true
      } catch {
        warn("\(path) is no longer needed and could not be removed (\(error)); it is tried again")
        return false
      }
    }
  }
}
