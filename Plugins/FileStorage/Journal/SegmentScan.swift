import TomboloPorts
import TomboloStorage

/// Reads the frames of a segment from its beginning, as far as they are intact. Pure: bytes in, frames out.
struct SegmentScan {
  /// An intact frame.
  struct Frame: Hashable, Sendable {
    var offset: Int
    var header: FrameHeader
    /// Empty for a mark.
    var entries: [FrameEntry]
    var mark: JournalMark?

    /// Where the frame's values begin in the file.
    var valuesOffset: Int { offset + FrameHeader.byteCount + header.entriesByteCount }
  }

  let bytes: [UInt8]
  let header: SegmentHeader
  /// Behind the last intact frame.
  private(set) var end = SegmentHeader.byteCount
  private(set) var nextSequence: UInt64
  /// Why the frame at `end` does not count; `nil` when there is none, only zeroes where its header would be.
  private(set) var flaw: JournalDamage?

  /// For salvaging: takes another header than the one in `bytes`, and begins anywhere.
  init(_ bytes: [UInt8], header: SegmentHeader, from offset: Int, nextSequence: UInt64) {
    self.bytes = bytes
    self.header = header
    end = offset
    self.nextSequence = nextSequence
  }

  /// - Throws: `JournalDamage` when the header is not intact.
  init(_ bytes: [UInt8]) throws(JournalDamage) {
    self.bytes = bytes
    header = try SegmentHeader.decoded(bytes)
    nextSequence = header.firstSequence
  }

  /// The next intact frame, or `nil` at the end or at a flaw.
  mutating func next() -> Frame? {
    guard flaw == nil, bytes.count > end else { return nil }
    guard !bytes.isZero(in: end..<min(bytes.count, end + FrameHeader.byteCount)) else { return nil }
    do throws(JournalDamage) {
      let frame = try frame(at: end)
      guard frame.header.sequence == nextSequence else {
        throw JournalDamage(end, "frame \(frame.header.sequence) stands where frame \(nextSequence) should be")
      }
      end += frame.header.frameByteCount
      nextSequence += 1
      return frame
    } catch {
      flaw = error
      return nil
    }
  }

  /// The frame at `offset`, checked completely.
  func frame(at offset: Int) throws(JournalDamage) -> Frame {
    let frame = try listing(at: offset)
    for case let value? in frame.entries.lazy.map(\.value) {
      let start = frame.valuesOffset + value.offset
      guard CRC32C.checksum(bytes[start..<start + value.byteCount]) == value.checksum else {
        throw JournalDamage(offset, "a value of a frame does not match its checksum")
      }
    }
    return frame
  }

  /// The frame at `offset`, whose values were not looked at.
  private func listing(at offset: Int) throws(JournalDamage) -> Frame {
    let place = FramePlace(salt: header.salt, number: header.number, offset: offset)
    guard let frame = FrameHeader.decoded(bytes, at: offset, place: place) else {
      throw JournalDamage(offset, "the header of a frame is damaged or incomplete")
    }
    guard frame.frameByteCount <= bytes.count - offset else {
      throw JournalDamage(offset, "a frame goes on beyond the end of the file")
    }
    let entriesStart = offset + FrameHeader.byteCount
    let valuesStart = entriesStart + frame.entriesByteCount
    guard CRC32C.checksum(bytes[entriesStart..<valuesStart]) == frame.entriesChecksum else {
      throw JournalDamage(offset, "the entries of a frame do not match their checksum")
    }
    if frame.kind == .mark {
      guard frame.entriesByteCount == 16, frame.valuesByteCount == 0 else {
        throw JournalDamage(offset, "a mark has a wrong length")
      }
      let mark = JournalMark(
        epoch: bytes.little(UInt64.self, at: entriesStart), front: bytes.little(UInt64.self, at: entriesStart + 8))
      return Frame(offset: offset, header: frame, entries: [], mark: mark)
    }
    guard
      let entries = FrameEntry.decoded(
        bytes, in: entriesStart..<valuesStart, valuesByteCount: frame.valuesByteCount)
    else { throw JournalDamage(offset, "the entries of a frame do not fit its lengths") }
    return Frame(offset: offset, header: frame, entries: entries)
  }

  /// The keys of frames in `range` of which only values are damaged, one behind the other from its beginning.
  func listedKeys(in range: Range<Int>) -> [Key] {
    var keys: [Key] = []
    var offset = range.lowerBound
    while offset < range.upperBound {
      do throws(JournalDamage) {
        let frame = try listing(at: offset)
        keys += frame.entries.map(\.key)
        offset += frame.header.frameByteCount
      } catch {
        return keys
      }
    }
    return keys
  }

  /// The first intact frame behind `offset` for which `isWanted`, wherever it begins.
  func frame(behind offset: Int, where isWanted: (Frame) -> Bool) -> Frame? {
    var offset = FrameHeader.aligned(offset + 1)
    while bytes.count - offset >= FrameHeader.byteCount {
      let place = FramePlace(salt: header.salt, number: header.number, offset: offset)
      // Most places fail the look at the first four bytes.
      if FrameHeader.decoded(bytes, at: offset, place: place) != nil, let found = intactFrame(at: offset),
        isWanted(found)
      {
        return found
      }
      offset += FrameHeader.alignment
    }
    return nil
  }

  private func intactFrame(at offset: Int) -> Frame? {
    do {
      return try frame(at: offset)
    } catch {
      return nil
    }
  }

  /// Whether nothing but zeroes follows the last intact frame: room that was made and not yet used.
  var isTailZero: Bool { bytes.isZero(in: min(end, bytes.count)..<bytes.count) }
}
