#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

import TomboloPorts
import TomboloStorage

/// Room: what makes settling possible on a full disk.
///
/// The current segment's file always reaches beyond its last frame by at least the reserve. A commit that makes the data
/// larger must leave the reserve untouched, or is refused as `full`. A commit that does not, because it deletes or replaces at
/// least as many bytes of keys and values as it puts, may use the reserve up.
extension Journal {
  /// Makes room for a commit, and chooses what is copied out of the oldest segment beside it.
  ///
  /// - Throws: `full` when the disk is and the commit must not use the reserve, or the reserve is used up.
  func makeRoom(
    for byteCount: Int, isShrinking: Bool, changed: Set<Key>, mayCopy: Bool = true
  ) throws -> Copies {
    let position = cleaning
    var copies = Copies()
    if mayCopy, isCleaningDue {
      copies = gatherCopies(within: max(options.copyByteCount, 2 * byteCount), except: changed)
    }
    let end = current.byteCount + byteCount
    do {
      try extendRoom(to: end + copies.byteCount + options.reserveByteCount)
      return copies
    } catch let error where error.errorNumber == ENOSPC || error.errorNumber == EDQUOT {
      cleaning = position
      let roomLeft = roomEnd - end
      guard roomLeft >= (isShrinking ? 0 : options.reserveByteCount) else {
        throw error.storeError(current.file.path, "making room for a commit; nothing of it was applied")
      }
      // Copying costs room before it gives some back, so only what half of the room can hold is begun.
      guard mayCopy, let oldest = older.first, index.liveByteCount(ofSegment: oldest.number) < roomLeft / 4 else {
        return Copies()
      }
      let last = gatherCopies(within: roomLeft / 4, except: changed)
      guard last.byteCount <= roomLeft / 2 else {
        cleaning = position
        return Copies()
      }
      return last
    } catch {
      cleaning = position
      throw error.storeError(current.file.path, "making room for a commit; nothing of it was applied")
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
        if (error.errorNumber == ENOSPC || error.errorNumber == EDQUOT), roomEnd >= end { return }
        throw error
      }
      roomEnd += count
    }
  }
}
