import TomboloPorts
import TomboloStorage

/// Makes a new segment: complete, with its room, durable, and only then under its name.
enum SegmentCreation {
  /// How long a new segment's file is.
  static func byteCount(_ options: FileStoreOptions) -> Int {
    SegmentHeader.byteCount + options.roomByteCount
  }

  /// The segment has its name, but whether that is durable is not known.
  struct Unsure: Error {
    var failure: SystemFailure
  }

  /// - Throws: `StoreError` when nothing but a draft is left behind, which the next opening removes; `Unsure` when the segment may
  ///   be there: nothing must be written into the one before it then, or the two would contradict each other.
  static func create(
    _ header: SegmentHeader, at location: JournalLocation, options: FileStoreOptions, files: any FileSystem
  ) throws -> Journal.Segment {
    let path = location.segment(header.number)
    let file: OpenFile
    do throws(SystemFailure) {
      file = try draft(header, at: location, options: options, files: files)
      try files.rename(location.draft(header.number), to: path)
    } catch {
      throw error.storeError(path, "making a new segment of the journal")
    }
    do throws(SystemFailure) {
      try files.synchronizeFolder(location.folder)
    } catch {
      throw Unsure(failure: error)
    }
    return Journal.Segment(number: header.number, file: file, byteCount: SegmentHeader.byteCount)
  }

  /// A segment that is complete and durable, and has not got its name.
  private static func draft(
    _ header: SegmentHeader, at location: JournalLocation, options: FileStoreOptions, files: any FileSystem
  ) throws(SystemFailure) -> OpenFile {
    let draft = location.draft(header.number)
    let descriptor = try files.open(draft, .creating)
    // Open under the name it will have: opening it again could fail when it has it.
    let file = OpenFile(location.segment(header.number), adopting: descriptor, in: files)
    do throws(SystemFailure) {
      try file.write(header.encoded(), at: 0)
      try fill(descriptor, from: SegmentHeader.byteCount, to: byteCount(options), in: files)
      try file.synchronize()
      return file
    } catch {
      removeDraft(draft, in: files)
      throw error
    }
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
