import TomboloPorts
import TomboloStorage

/// Makes a new segment: complete, with its room, durable, and only then under its name.
enum SegmentCreation {
  /// How long a new segment's file is.
  static func byteCount(_ options: FileStoreOptions) -> Int {
    SegmentHeader.byteCount + options.roomByteCount
  }

  /// - Throws: `StoreError`; nothing but a draft is left behind then, which the next opening removes.
  static func create(
    _ header: SegmentHeader, at location: JournalLocation, options: FileStoreOptions, files: any FileSystem
  ) throws(StoreError) -> Journal.Segment {
    let draft = location.draft(header.number)
    let path = location.segment(header.number)
    do throws(SystemFailure) {
      let file = try files.open(draft, .creating)
      do throws(SystemFailure) {
        try files.writeWhole(file, header.encoded(), at: 0)
        try fill(file, from: SegmentHeader.byteCount, to: byteCount(options), in: files)
        try files.synchronizeWhole(file)
        files.close(file)
      } catch {
        files.close(file)
        removeDraft(draft, in: files)
        throw error
      }
      try files.rename(draft, to: path)
      try files.synchronizeFolder(location.folder)
    } catch {
      throw error.storeError(path, "making a new segment of the journal")
    }
    return Journal.Segment(
      number: header.number, file: try OpenFile(path, .writing, in: files), byteCount: SegmentHeader.byteCount)
  }

  /// A draft takes room that others may need. One that stays is removed by the next opening.
  private static func removeDraft(_ path: String, in files: any FileSystem) {
    do {
      try files.remove(path)
    } catch {
      // The failure that led here is the one that is told.
      return
    }
  }

  /// Writes zeroes. Room made by `fallocate` would be free of writing now and cost a change of the file system's own notes with
  /// every commit into it.
  static func fill(_ file: Int32, from start: Int, to end: Int, in files: any FileSystem) throws(SystemFailure) {
    var offset = start
    let zeroes = [UInt8](repeating: 0, count: min(max(0, end - start), 1_024 * 1_024))
    while offset < end {
      let count = min(zeroes.count, end - offset)
      try files.writeWhole(file, count == zeroes.count ? zeroes : Array(zeroes[..<count]), at: offset)
      offset += count
    }
  }
}
