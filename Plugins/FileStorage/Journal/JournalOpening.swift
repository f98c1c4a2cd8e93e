import TomboloPorts
import TomboloStorage

/// Opens the journal of a folder, and makes one where there is none.
struct JournalOpening {
  var location: JournalLocation
  var files: any FileSystem
  var durability: StoreDurability
  var options: FileStoreOptions
  var warn: @Sendable (String) -> Void
  /// What distinguishes this store from every other; used when it is made.
  var salt: UInt64

  /// Reads everything, cuts off what a crash left of an unfinished commit, and begins a new epoch.
  func open(into index: FileIndex) throws -> Journal {
    let names = try files.list(location.folder, "listing it")
    let options = self.options.fitting(diskByteCount: try diskByteCount())
    for name in names where location.isDraft(name) { try remove("\(location.folder)/\(name)") }
    let all = names.compactMap(location.number).sorted()
    let acknowledgement = try readAcknowledgement(isThere: names.contains("acknowledged"), isNew: all.isEmpty)
    if all.isEmpty {
      let header = SegmentHeader(number: 1, salt: salt, firstSequence: 1, epoch: 0, front: 1)
      do {
        _ = try SegmentCreation.create(header, at: location, options: options, files: files)
      } catch let error as SegmentCreation.Unsure {
        throw error.failure.storeError(location.folder, "making its names durable")
      }
    }
    let numbers = all.isEmpty ? [1] : Self.lastRun(of: all)
    let replay = try JournalReplay(
      numbers, at: location, files: files, acknowledgement: acknowledgement, purpose: .writing, into: index)
    try mend(replay, acknowledgement: acknowledgement)
    let note = try OpenFile(location.acknowledgement, acknowledgement == nil ? .creating : .writing, in: files)
    let reserve = try JournalReserve(
      location, byteCount: options.reserveByteCount, isThere: names.contains("tombolo.reserve"), files: files)
    let journal = Journal(
      location: location, files: files, durability: durability, options: options, index: index, warn: warn,
      replayed: replay, reserve: reserve, note: note)
    try removeLeftovers(all, of: journal, front: replay.front)
    try begin(journal)
    let needed = journal.neededReserve(adding: 0)
    try reserve.trim(needed)
    // Without room for it the store opens all the same: to settle is how room comes back.
    _ = try reserve.hold(needed)
    return journal
  }

  private func diskByteCount() throws -> Int {
    do {
      return try files.room(in: location.folder).byteCount
    } catch {
      throw error.storeError(location.folder, "asking how large its disk is")
    }
  }

  private func remove(_ path: String) throws {
    do {
      try files.remove(path)
    } catch {
      throw error.storeError(path, "removing what is no longer needed")
    }
  }

  /// The longest run without a gap that ends with the last number. What lies before a gap was on its way out.
  static func lastRun(of numbers: [UInt64]) -> [UInt64] {
    var run: [UInt64] = []
    for number in numbers.reversed() {
      if let next = run.last, number != next - 1 { break }
      run.append(number)
    }
    return run.reversed()
  }

  private func readAcknowledgement(isThere: Bool, isNew: Bool) throws -> Acknowledgement? {
    guard isThere else { return nil }
    let file = try OpenFile(location.acknowledgement, .reading, in: files)
    let note = Acknowledgement(try file.read(Acknowledgement.byteCount + 1, at: 0))
    if note == nil {
      warn("\(location.acknowledgement) is not intact; a new one is written, and nothing else depends on it")
    }
    guard !isNew else {
      throw StoreError(
        .damaged,
        "\(location.folder): the journal is missing, although \(location.acknowledgement) says that there was "
          + "one; put the `journal-` files back")
    }
    return note
  }

  /// Puts zeroes over what a crash left behind the end, and writes what may be only in the system's memory once more: after
  /// a flush that failed, the system takes for written what the disk does not have.
  private func mend(_ replay: JournalReplay, acknowledgement: Acknowledgement?) throws {
    let file = replay.current.file
    if let tear = replay.tear {
      warn(
        "\(file.path), byte \(tear.offset): an unfinished commit was cut off (\(tear.reason)); it had not been acknowledged"
      )
    }
    let end = replay.current.byteCount
    let known = acknowledgement?.number == replay.current.number ? acknowledgement?.durableByteCount ?? 0 : 0
    let rewritten = max(SegmentHeader.byteCount, min(known, end))
    do throws(any Error) {
      if rewritten < end { try file.write(try file.read(end - rewritten, at: rewritten), at: rewritten) }
      if replay.hasRemains { try file.write([UInt8](repeating: 0, count: replay.roomEnd - end), at: end) }
      try file.synchronize()
    } catch let error as SystemFailure {
      throw error.storeError(file.path, "cutting off an unfinished commit")
    }
  }

  private func removeLeftovers(_ all: [UInt64], of journal: Journal, front: UInt64) throws {
    journal.older.removeAll { $0.number < front }
    for number in all where number < front {
      try remove(location.segment(number))
      journal.index.forget(segment: number)
    }
  }

  /// Begins a new epoch, durably, so that no revision is given twice whatever was lost.
  private func begin(_ journal: Journal) throws {
    guard journal.epoch < 1 << 23 - 1 else {
      throw StoreError(
        .engine,
        "\(location.folder): it was opened \(journal.epoch) times and has no revisions left; copy it into a new store")
    }
    journal.epoch += 1
    _ = try journal.makeRoom(for: FrameHeader.byteCount + 16, isShrinking: true, beside: [], copyByteCount: 0)
    var encoder = FrameEncoder(
      salt: journal.salt, number: journal.current.number, base: journal.current.byteCount,
      durableByteCount: journal.durableByteCount, nextSequence: journal.nextSequence)
    encoder.append(JournalMark(epoch: journal.epoch, front: journal.front))
    try journal.write(encoder, mustFlush: true)
    do {
      try files.synchronizeFolder(location.folder)
    } catch {
      throw error.storeError(location.folder, "making its names durable")
    }
  }
}
