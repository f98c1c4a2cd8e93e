import TomboloPorts
import TomboloStorage

/// Where copying out of the oldest segment goes on.
struct CleaningCursor: Hashable, Sendable {
  /// Of a frame in the file.
  var offset = SegmentHeader.byteCount
  /// In the frame's list.
  var entryIndex = 0
}

/// Live records of the oldest segment, to be written again beside a commit.
struct Copies {
  var changes: [JournalChange] = []
  /// Whether nothing of the segment is needed once these are written.
  var isComplete = false

  /// What they add to a write, the mark included.
  var byteCount: Int {
    (changes.isEmpty ? 0 : FrameEncoder.byteCount(of: changes)) + (isComplete ? FrameHeader.byteCount + 16 : 0)
  }
}

/// Giving room back: the oldest segment's live records are copied to the end, a bounded step beside every commit, and the
/// segment is removed. Only the oldest one is ever emptied, so that a delete never outlives the put it hides.
extension Journal {
  /// Whether more than half of the journal, and more than a segment, is no longer needed; or its oldest segment is not at all. On a
  /// full disk much less is worth it.
  var isCleaningDue: Bool {
    guard let oldest = older.first, !isCleaningBroken else { return false }
    if cleaning != CleaningCursor() { return true }
    if index.liveByteCount(ofSegment: oldest.number) == 0 { return true }
    if isTight, deadByteCount > options.segmentByteCount / 4 { return true }
    return byteCount > 2 * index.liveByteCount + options.segmentByteCount
  }

  /// Up to about `budget` bytes of live records from where the last call ended, and the cursor moved behind them.
  ///
  /// - Parameter changed: Keys that the commit beside it changes; their present records are no longer needed.
  func gatherCopies(within budget: Int, except changed: Set<Key>) -> Copies {
    var copies = Copies()
    guard let oldest = older.first, !isCleaningBroken else { return copies }
    let start = cleaning
    var byteCount = 0
    do {
      if index.liveByteCount(ofSegment: oldest.number) == 0 { cleaning.offset = oldest.byteCount }
      while cleaning.offset < oldest.byteCount {
        let (header, entries) = try readFrame(of: oldest)
        let valuesOffset = cleaning.offset + FrameHeader.byteCount + header.entriesByteCount
        while cleaning.entryIndex < entries.count {
          guard byteCount < budget else { return copies }
          let entry = entries[cleaning.entryIndex]
          cleaning.entryIndex += 1
          guard let place = entry.value, !changed.contains(entry.key), let live = index.entry(entry.key),
            live.segment == oldest.number, live.offset == valuesOffset + place.offset, live.revision == place.revision
          else { continue }
          copies.changes.append(JournalChange(key: entry.key, value: try live.value(), revision: live.revision))
          byteCount += FileIndex.byteCount(of: entry.key, valueByteCount: place.byteCount)
        }
        cleaning.offset += header.frameByteCount
        cleaning.entryIndex = 0
      }
      copies.isComplete = true
      return copies
    } catch {
      // The commit itself is in order; the damage is met, and told, again when it is read or the store is opened. A read that
      // merely failed is tried again beside the next commit, since settling may wait for the room.
      let isDamaged = (error as? StoreError)?.code == .damaged
      if isDamaged || !isCleaningFailureTold {
        warn("no room is given back until \(isDamaged ? "the store is opened again" : "this can be read"): \(error)")
      }
      isCleaningFailureTold = true
      isCleaningBroken = isDamaged
      cleaning = start
      return Copies()
    }
  }

  private func readFrame(of segment: Segment) throws -> (FrameHeader, [FrameEntry]) {
    let place = FramePlace(salt: salt, number: segment.number, offset: cleaning.offset)
    let bytes = try segment.file.read(FrameHeader.byteCount, at: cleaning.offset)
    guard let header = FrameHeader.decoded(bytes, at: 0, place: place) else {
      throw JournalDamage(cleaning.offset, "a frame cannot be read any more").storeError(path: segment.file.path)
    }
    guard header.kind != .mark else { return (header, []) }
    let entriesBytes = try segment.file.read(header.entriesByteCount, at: cleaning.offset + FrameHeader.byteCount)
    guard entriesBytes.count == header.entriesByteCount, CRC32C.checksum(entriesBytes) == header.entriesChecksum,
      let entries = FrameEntry.decoded(
        entriesBytes, in: 0..<entriesBytes.count, valuesByteCount: header.valuesByteCount)
    else { throw JournalDamage(cleaning.offset, "a frame cannot be read any more").storeError(path: segment.file.path) }
    return (header, entries)
  }

  /// How many steps cleaning before closing takes at most, each with a flush or two of its own.
  static let closingStepCountMaximum = 16

  /// Copies as long as it is worth it, when no more commits come; a bounded number of bytes in a bounded number of steps, so that
  /// closing takes no longer with more data. What is left is given back beside later commits.
  func cleanBeforeClosing() throws {
    var copied = 0
    let step = max(options.copyByteCount, options.closingByteCountMaximum / (Self.closingStepCountMaximum / 2))
    for _ in 0..<Self.closingStepCountMaximum {
      guard isCleaningDue, copied < options.closingByteCountMaximum else { break }
      let before = (front, cleaning)
      copied += try append([], isShrinking: true, copyByteCount: step)
      guard before != (front, cleaning) else { break }
    }
    restoreReserve()
  }
}
