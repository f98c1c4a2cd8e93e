import TomboloPorts
import TomboloStorage

/// Room: what makes settling possible on a full disk.
///
/// A reserve is kept beside the journal, for commits that settle and for cleaning. Let `L` be what the live records take and `S` the
/// length of the longest segment. The reserve is kept at `S + L / 32` and a little for the ends of segments:
///
/// - To give back the oldest segment takes room for its live records, at most `S`, before it is removed. From then on there is as
///   much room as before, and more where something of it was not needed.
/// - On a full disk a commit that settles also copies 64 times its own length. While the whole journal is gone through once, such
///   commits add at most `L / 64`; what they added is itself gone through next, while as much is added again: `L / 32`.
///
/// So as long as commits delete records that are there, and put no more than replaces what was put before, the reserve is never
/// used up. While it is spent, commits that add are refused as `full`; they clean on their part, and go on when it is whole again.
extension Journal {
  /// What a commit that settles copies on a full disk, as a multiple of its own length.
  private static let copyFactor = 64

  /// What must be kept so that settling never ends for lack of room, with `byteCount` bytes more than there are now.
  func neededReserve(adding byteCount: Int) -> Int {
    let longest = older.reduce(current.byteCount + byteCount) { max($0, $1.byteCount) }
    return longest + (index.liveByteCount + byteCount) / 32 + 2 * options.roomByteCount
  }

  /// Whether the reserve was given up, wholly or in part.
  var isTight: Bool { reserve.heldByteCount < options.reserveByteCount }

  /// How much less the journal would take if only what is live were in it.
  var deadByteCount: Int { byteCount - index.liveByteCount }

  /// Commits what adds: only with the reserve whole, and after making room where that can be.
  func appendGrowing(_ batches: [[JournalChange]]) throws {
    let byteCount = Self.byteCount(of: batches)
    guard try reserve.hold(neededReserve(adding: byteCount)) || recover(for: byteCount) else {
      throw StoreError(
        .full,
        "\(location.folder): there is no room left on the disk but what is kept for settling (\(reserve.heldByteCount) "
          + "bytes); make room, or settle what waits")
    }
    do {
      try append(batches, isShrinking: false)
    } catch let error as StoreError where error.code == .full {
      guard try recover(for: byteCount) else { throw error }
      try append(batches, isShrinking: false)
    }
  }

  /// Copies and removes, on a disk without room, until the reserve is whole, nothing is left to gain, or long enough.
  ///
  /// - Returns: Whether the reserve is whole.
  private func recover(for byteCount: Int) throws -> Bool {
    guard !older.isEmpty, deadByteCount > options.segmentByteCount / 4 else { return false }
    // Copying takes room before it gives some back.
    _ = try reserve.release()
    var copied = 0
    let step = max(options.copyByteCount, options.roomByteCount)
    while isCleaningDue, copied < options.recoveryByteCountMaximum {
      let before = (front, cleaning)
      do {
        try append([], isShrinking: true, copyByteCount: step)
      } catch let error as StoreError where error.code == .full {
        break
      }
      guard before != (front, cleaning) else { break }
      if before.0 != front, try reserve.hold(neededReserve(adding: byteCount)) { return true }
      copied += step
    }
    return try reserve.hold(neededReserve(adding: byteCount))
  }

  /// Commits what settles, with the reserve where it must be, and cleans in proportion then.
  func appendShrinking(_ batches: [[JournalChange]]) throws {
    let copied = try append(batches, isShrinking: true)
    guard isTight else { return }
    var debt = Self.copyFactor * Self.byteCount(of: batches) - copied
    do {
      while debt > 0, isCleaningDue {
        let before = (front, cleaning)
        debt -= try append([], isShrinking: true, copyByteCount: debt)
        guard before != (front, cleaning) else { break }
      }
    } catch {
      // The commit is done. What failed is met again, and told, by the next one.
      return
    }
    restoreReserve()
  }

  /// Takes the reserve up again after it was used.
  func restoreReserve() {
    guard isTight else { return }
    do {
      _ = try reserve.hold(neededReserve(adding: 0))
    } catch {
      // The commit is done. The next one that adds meets the failure itself, and tells it.
      return
    }
  }

  /// Makes room for a commit, and chooses what is copied out of the oldest segment beside it.
  ///
  /// - Parameter isShrinking: Whether it may use the reserve.
  /// - Throws: `full` when the disk is and the commit must not use the reserve, or the reserve is used up.
  func makeRoom(
    for byteCount: Int, isShrinking: Bool, beside batches: [[JournalChange]], copyByteCount: Int
  ) throws -> Copies {
    let position = cleaning
    var copies = Copies()
    if copyByteCount > 0, isCleaningDue {
      let factor = isTight ? Self.copyFactor : 2
      copies = gatherCopies(
        within: max(copyByteCount, factor * byteCount), except: Set(batches.lazy.joined().map(\.key)))
    }
    while true {
      do {
        try extendRoom(to: current.byteCount + byteCount + copies.byteCount)
        return copies
      } catch {
        do {
          if error.isAboutRoom, isShrinking, try reserve.release() { continue }
        } catch {
          cleaning = position
          throw error
        }
        if error.isAboutRoom, !unremoved.isEmpty {
          let count = unremoved.count
          removeUnneeded()
          if unremoved.count < count { continue }
        }
        cleaning = position
        guard error.isAboutRoom, copies.byteCount > 0 else {
          throw error.storeError(current.file.path, "making room for a commit; nothing of it was applied")
        }
        // The commit itself may still have room.
        copies = Copies()
      }
    }
  }

  /// Writes zeroes behind what is there, up to `end` and some more.
  private func extendRoom(to end: Int) throws(SystemFailure) {
    guard end > roomEnd else { return }
    let target = end + options.roomByteCount
    let step = 256 * 1_024
    let zeroes = [UInt8](repeating: 0, count: min(step, target - roomEnd))
    // The room made so far counts, also when a later step fails.
    while roomEnd < target {
      let count = min(zeroes.count, target - roomEnd)
      do throws(SystemFailure) {
        try current.file.write(count == zeroes.count ? zeroes : Array(zeroes[..<count]), at: roomEnd)
      } catch {
        if error.isAboutRoom, roomEnd >= end { return }
        throw error
      }
      roomEnd += count
    }
  }
}
