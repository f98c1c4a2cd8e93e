import TomboloPorts
import TomboloStorage

/// Room on the disk that is kept for settling: the file `tombolo.reserve`, which holds nothing and is given up when the disk is
/// full.
///
///     held ──release, the disk is full──▶ spent ──hold, there is room again──▶ held
///
/// Used by one thread at a time.
final class JournalReserve {
  /// How much it keeps now.
  private(set) var heldByteCount = 0
  private let byteCount: Int
  private let path: String
  private let folder: String
  private let files: any FileSystem

  /// Takes up the reserve that is there.
  ///
  /// - Parameters:
  ///   - byteCount: How much to keep at least; zero keeps none.
  ///   - isThere: Whether the folder has the file.
  init(_ location: JournalLocation, byteCount: Int, isThere: Bool, files: any FileSystem) throws(StoreError) {
    self.byteCount = byteCount
    self.files = files
    path = location.reserve
    folder = location.folder
    guard isThere else { return }
    do throws(SystemFailure) {
      heldByteCount = try takeUp()
    } catch {
      throw error.storeError(path, "taking up the room that is kept for settling")
    }
  }

  /// The real room of the file that is there.
  private func takeUp() throws(SystemFailure) -> Int {
    let file = try files.open(path, .writing)
    defer { files.close(file) }
    let found = try files.byteCount(of: file)
    guard found > 0, byteCount > 0 else { return 0 }
    do throws(SystemFailure) {
      // A file can have a length without room for it.
      try files.allocateWhole(file, byteCount: found)
      return found
    } catch {
      guard error.isAboutRoom else { throw error }
      try files.truncate(file, to: 0)
      return 0
    }
  }

  /// Makes sure that at least `needed` bytes are kept, and answers whether they are. Costs nothing when they are already.
  ///
  /// What was given up is taken again only when there is a quarter more, so that the disk is not full at once.
  func hold(_ needed: Int) throws(StoreError) -> Bool {
    guard byteCount > 0 else { return true }
    let wanted = max(byteCount, needed)
    guard heldByteCount < wanted else { return true }
    // Raised in steps, not with every commit.
    let target = wanted == byteCount ? wanted : wanted + wanted / 8
    do throws(SystemFailure) {
      guard try files.room(in: folder).freeByteCount / 5 >= (target - heldByteCount) / 4 else { return false }
      let file = try files.open(path, heldByteCount == 0 ? .creating : .writing)
      defer { files.close(file) }
      do throws(SystemFailure) {
        try files.allocateWhole(file, byteCount: target)
      } catch {
        guard error.isAboutRoom else { throw error }
        try files.truncate(file, to: heldByteCount)
        return false
      }
      heldByteCount = target
      return true
    } catch {
      if error.isAboutRoom { return false }
      guard error.isAboutAbsence else { throw error.storeError(path, "keeping room for settling") }
      // Somebody took it away; the next commit that finds room makes it anew.
      heldByteCount = 0
      return false
    }
  }

  /// Gives back what is kept beyond `needed`.
  func trim(_ needed: Int) throws(StoreError) {
    let wanted = max(byteCount, needed)
    guard heldByteCount > wanted + wanted / 4 else { return }
    do throws(SystemFailure) {
      let file = try files.open(path, .writing)
      defer { files.close(file) }
      try files.truncate(file, to: wanted)
      heldByteCount = wanted
    } catch {
      throw error.storeError(path, "giving back room that was kept for settling")
    }
  }

  /// Gives up the room, and answers whether there was some to give.
  func release() throws(StoreError) -> Bool {
    guard heldByteCount > 0 else { return false }
    do {
      try files.remove(path)
    } catch {
      // Somebody who needed room took it away already.
      guard error.isAboutAbsence else { throw error.storeError(path, "giving up room for settling") }
    }
    heldByteCount = 0
    return true
  }
}

extension SystemFailure {
  /// Whether it says that the disk, or the user's share of it, is full.
  var isAboutRoom: Bool { Self.isAboutRoom(errorNumber) }
}
